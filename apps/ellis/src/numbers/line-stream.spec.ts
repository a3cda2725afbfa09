// A command of which it is not known whether it was kept is one change, however it turned out.
import type { LineNumberCommand } from '#libs/domain';
import { AppendUnknown, createMemoryLog, type EventLog } from '#libs/event-log';
import { createMemoryTableStore } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { LinesByAccount, type LinesRow } from '#projections/lines-by-account';
import { onNumber } from './line-stream.js';

const of = { account: 'alice@example.com', number: 'sip:6505550001@ims.test', by: 'key' };
const allocate: LineNumberCommand = {
  type: 'AllocateNumber',
  data: { ...of, numberId: 'n', privateId: '6505550001@ims.test', pstn: false, specified: false, atMs: 1 },
};
const release: LineNumberCommand = { type: 'ReleaseNumber', data: of };

/** `fates`: of the next appends, whether they are kept although nothing is said; then all is well. */
const setUp = async () => {
  const clock = createFakeClock(1_767_225_600_000);
  const real = await createMemoryLog({ clock, random: createSeededRandom(1) });
  const lines = new LinesByAccount({
    table: createMemoryTableStore<LinesRow>({ name: 'lines' }),
    readStream: (stream, from) => real.read(stream, from),
  });
  const fates: boolean[] = [];
  const append: EventLog['append'] = async (...args) => {
    const isKept = fates.shift();
    if (isKept === undefined) return real.append(...args);
    if (isKept) await real.append(...args);
    throw new AppendUnknown('no verdict');
  };
  const events = async (): Promise<readonly string[]> => {
    const types: string[] = [];
    for await (const { event } of real.read(`number-${of.number}`, 1)) types.push(event.type);
    return types;
  };
  return { context: { log: { ...real, append } as EventLog, lines, clock }, fates, events };
};

it.each([true, false])('takes a number once when the answer is lost; kept: %s', async (isKept) => {
  const { context, fates, events } = await setUp();
  fates.push(isKept);
  expect(await onNumber(context, allocate)).toMatchObject({ numberId: 'n', account: of.account });
  expect(await events()).toEqual(['NumberAllocated']);
});

it.each([true, false])('gives a number back once when the answer is lost; kept: %s', async (isKept) => {
  const { context, fates, events } = await setUp();
  await onNumber(context, allocate);
  fates.push(isKept);
  expect(await onNumber(context, release)).toBeUndefined();
  expect(await events()).toEqual(['NumberAllocated', 'NumberReleased']);
});

it('says that it is not known when the log does not say so twice', async () => {
  const { context, fates } = await setUp();
  fates.push(true, false);
  await expect(onNumber(context, allocate)).rejects.toBeInstanceOf(AppendUnknown);
});
