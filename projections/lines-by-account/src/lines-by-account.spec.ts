// The view of accounts and numbers: the same whatever of its history comes again; a number is shown under its present account only.
import fc from 'fast-check';
import type { AccountEvent, LineNumberEvent } from '#libs/domain';
import type { AppendedEvent } from '#libs/event-log';
import { createMemoryTableStore } from '#libs/stores';
import type { LinesRow } from './lines-by-account.js';
import { LinesByAccount } from './lines-by-account.store.js';

const N = 'sip:6505550001@ims.test';
const of = (account: string) => ({ number: N, account, by: account });
const allocated = (account: string): LineNumberEvent => ({
  type: 'NumberAllocated',
  data: { ...of(account), numberId: 'n', privateId: 'p', pstn: false, specified: false, atMs: 1 },
});
const released = (account: string): LineNumberEvent => ({ type: 'NumberReleased', data: of(account) });
const created: AccountEvent = {
  type: 'AccountCreated',
  data: { account: 'a@x', by: 'sign-up', fullName: 'A', passwordVersion: 'v', createdAtMs: 1 },
};

const fact = (event: AccountEvent | LineNumberEvent, revision: number, stream = `number-${N}`): AppendedEvent => ({
  event,
  stream,
  position: { generation: 1, partition: 0, offset: revision * 10 },
  revision,
  timeMs: revision,
}); // prettier-ignore

const setUp = (log: readonly AppendedEvent[] = []) => {
  const table = createMemoryTableStore<LinesRow>({ name: 'lines' });
  async function* readStream(stream: string, from: number): AsyncGenerator<AppendedEvent> {
    for (const one of log)
      if (one.stream === stream && (one.revision ?? 0) >= from) yield await Promise.resolve(one);
  }
  return new LinesByAccount({ table, readStream });
};

/** a has it, then b, then nobody, then a. */
const HISTORY = [allocated('a@x'), released('a@x'), allocated('b@x'), released('b@x'), allocated('a@x')].map(
  (event, at) => fact(event, at + 1),
);
const shown = async (lines: LinesByAccount) => [
  (await lines.linesOf('a@x', 9)).length,
  (await lines.linesOf('b@x', 9)).length,
  (await lines.number(N))?.account,
];

it.each([
  [0, [0, 0, undefined]],
  [1, [1, 0, 'a@x']],
  [2, [0, 0, undefined]],
  [3, [0, 1, 'b@x']],
  [4, [0, 0, undefined]],
  [5, [1, 0, 'a@x']],
])('after %d events a number stands where it belongs', async (count, expected) => {
  const lines = setUp();
  await lines.apply(HISTORY.slice(0, count));
  expect(await shown(lines)).toEqual(expected);
});

it('ends the same whatever of its history comes again, and in whatever batches', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(4), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 6 }),
      async (again, sizes) => {
        const lines = setUp();
        let from = 0;
        for (const size of [...sizes, HISTORY.length]) {
          await lines.apply(HISTORY.slice(Math.max(0, from - 2), from + size));
          from += size;
        }
        for (const at of again) await lines.apply([HISTORY[at]!]);
        expect(await shown(lines)).toEqual([1, 0, 'a@x']);
      },
    ),
  );
});

it('does not bring a deleted account back', async () => {
  const lines = setUp();
  const gone: AccountEvent = { type: 'AccountDeleted', data: { account: 'a@x', by: 'a@x' } };
  const made = fact(created, 1, 'account-a@x');
  await lines.apply([made]);
  expect((await lines.account('a@x'))?.fullName).toBe('A');
  await lines.apply([fact(gone, 2, 'account-a@x')]);
  await lines.apply([made]);
  expect(await lines.account('a@x')).toBeUndefined();
  expect((await lines.head('account-a@x'))?.revision).toBe(2);
});

it('tells of every number, once its rows are written', async () => {
  const lines = setUp();
  const told: [string, boolean, string | undefined][] = [];
  const late: Promise<void>[] = [];
  lines.onNumber((number, isTaken) => {
    late.push(lines.number(number).then((row) => void told.push([number, isTaken, row?.account])));
  });
  await lines.apply(HISTORY.slice(0, 1));
  await lines.apply(HISTORY.slice(1, 2));
  await Promise.all(late);
  expect(told).toEqual([
    [N, true, 'a@x'],
    [N, false, undefined],
  ]);
});

it('catches up with another writer, lists all there is, and can be folded anew', async () => {
  const lines = setUp(HISTORY);
  await lines.apply(HISTORY.slice(0, 1));
  await lines.catchUp(`number-${N}`);
  expect((await lines.head(`number-${N}`))?.revision).toBe(5);
  await lines.apply([fact(created, 1, 'account-a@x')]);
  const all: string[] = [];
  for await (const { number } of lines.numbers()) all.push(number);
  for await (const { account } of lines.accounts()) all.push(account);
  expect(all).toEqual([N, 'a@x']);
  await lines.clear();
  expect(await lines.number(N)).toBeUndefined();
});

it('passes over what is neither', async () => {
  const lines = setUp();
  await lines.apply([fact(created, 1, 'subscriber-1')], { generation: 1, partition: 0, offset: 7 });
  expect(await lines.checkpoint()).toEqual({ generation: 1, partition: 0, offset: 7 });
  expect(() => lines.head('subscriber-1')).toThrow('not a stream');
});
