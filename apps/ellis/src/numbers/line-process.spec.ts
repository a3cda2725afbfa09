// What is finished of its own accord is judged by the log: a view that is being folded anew shows numbers and accounts as they once were.
import type { AccountEvent, LineNumberEvent } from '#libs/domain';
import { createMemoryLog } from '#libs/event-log';
import { createMemoryCredentialStore, createMemoryTableStore } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { LinesByAccount, type LinesRow } from '#projections/lines-by-account';
import type { EllisContext } from '../context.js';
import { finishInterrupted } from './line-process.js';

const ALICE = 'alice@example.com';
const NUMBER = 'sip:6505550001@ims.test';
const MINUTE_MS = 60_000;

const of = { account: ALICE, number: NUMBER, by: ALICE };
const created = (expiresAtMs?: number): AccountEvent => ({
  type: 'AccountCreated',
  data: {
    account: ALICE,
    by: 'sign-up',
    fullName: 'A',
    passwordVersion: 'password-a',
    createdAtMs: 1,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  },
});
const allocated: LineNumberEvent = {
  type: 'NumberAllocated',
  data: { ...of, numberId: 'n', privateId: '6505550001@ims.test', pstn: false, specified: false, atMs: 1 },
};
const provisioned: LineNumberEvent = { type: 'NumberProvisioned', data: of };

const setUp = async () => {
  const clock = createFakeClock(1_767_225_600_000);
  const random = createSeededRandom(1);
  const log = await createMemoryLog({ clock, random });
  const credentials = createMemoryCredentialStore({ clock });
  const lines = new LinesByAccount({
    table: createMemoryTableStore<LinesRow>({ name: 'lines' }),
    readStream: (stream, from) => log.read(stream, from),
  });
  const asked: string[] = [];
  const neighbour = {
    request: (request: { method: string; path: string }) => {
      asked.push(`${request.method} ${request.path}`);
      return Promise.resolve({ status: 500, headers: {}, body: '' });
    },
  };
  const context = { log, lines, clock, random, credentials, credentialKeptMs: 0, provisioning: neighbour, homer: neighbour } as unknown as EllisContext; // prettier-ignore
  const put = async (stream: string, events: readonly (AccountEvent | LineNumberEvent)[]) =>
    log.append(stream, [...events], { expected: 0 });
  /** The view is at the first `count` events of each stream. */
  const fold = async (count: number): Promise<void> => {
    for await (const recorded of log.readAll(['accounts'], 'oldest'))
      if ((recorded.revision ?? 0) <= count) await lines.apply([recorded]);
  };
  return { context, credentials, lines, asked, put, fold };
};

it('takes no line away that the view shows as half made, when the log has it whole', async () => {
  const { context, lines, asked, put, fold } = await setUp();
  await put(`account-${ALICE}`, [created()]);
  await put(`number-${NUMBER}`, [allocated, provisioned]);
  await fold(1);
  expect((await lines.number(NUMBER))?.isProvisioned).toBe(false);
  const done = await finishInterrupted(context, MINUTE_MS);
  expect([done, asked]).toEqual([{ backedOut: 0, deleted: 0, expired: 0, swept: 0, failed: 0 }, []]);
  expect((await lines.number(NUMBER))?.isProvisioned).toBe(true);
});

it('takes no line away of an account that the view does not show yet', async () => {
  const { context, lines, asked, put, fold } = await setUp();
  await put(`number-${NUMBER}`, [allocated, provisioned]);
  await fold(2);
  await put(`account-${ALICE}`, [created()]);
  expect(await lines.account(ALICE)).toBeUndefined();
  await finishInterrupted(context, MINUTE_MS);
  expect(asked).toEqual([]);
});

it('ends no account that was made anew, and sweeps no password that the log names', async () => {
  const { context, credentials, lines, put, fold } = await setUp();
  const gone: AccountEvent = { type: 'AccountDeleted', data: { account: ALICE, by: ALICE } };
  await credentials.put('password-a', { kind: 'password', account: ALICE, hash: 'x' });
  await put(`account-${ALICE}`, [created(2), gone, created()]);
  await fold(1);
  await finishInterrupted(context, 0);
  expect((await lines.account(ALICE))?.expiresAtMs).toBeUndefined();
  expect(await credentials.get('password-a')).toBeDefined();
});

it('begins with what was left, where the log has it so', async () => {
  const { context, asked, put, fold } = await setUp();
  await put(`account-${ALICE}`, [created()]);
  await put(`number-${NUMBER}`, [allocated]);
  await fold(1);
  expect(await finishInterrupted(context, MINUTE_MS)).toMatchObject({ backedOut: 0, failed: 1 });
  expect(asked.length).toBeGreaterThan(0);
});
