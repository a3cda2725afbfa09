// Recovery mails under those who ask for too many: a stranger keeps nobody but himself from one. On a fake clock.
import type { Account } from '#libs/domain';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock, createSeededRandom, settle } from '#libs/testkit';
import type { EllisCall, EllisContext } from '../context.js';
import { throttlesOn } from '../ellis.js';
import { passwordRequest } from './recovery.js';
import type { Grant } from './tokens.js';

const ALICE = 'alice@example.com';
const account: Pick<Account, 'account' | 'fullName' | 'passwordVersion'> = {
  account: ALICE,
  fullName: 'Alice',
  passwordVersion: 'password-1',
};

let mails: string[];
let faults: unknown[];
let context: EllisContext;
beforeEach(() => {
  mails = [];
  faults = [];
  const clock = createFakeClock();
  const ports: Partial<EllisContext> = {
    clock,
    random: createSeededRandom(1),
    throttles: throttlesOn(clock),
    tokens: createMemoryKeyValueStore<Grant>({ name: 'tokens', clock }),
    lines: {
      account: (name: string) =>
        Promise.resolve(name === ALICE || name.startsWith('user') ? account : undefined),
    } as EllisContext['lines'],
    mailer: {
      send: ({ to }) => {
        mails.push(to);
        return Promise.resolve();
      },
    },
    settings: { url: 'http://ellis' } as EllisContext['settings'],
    onFault: (error) => void faults.push(error),
  };
  context = ports as EllisContext;
});

/** The status; a fault is one too. */
const ask = async (
  name: string,
  from: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const call: Pick<EllisCall, 'header' | 'field' | 'address'> = {
    header: () => undefined,
    field: (field) => fields[field],
    address: from,
  };
  try {
    return (await passwordRequest(context, { kind: 'nobody' }, call as EllisCall, name)).status;
  } catch (error) {
    return (error as { status: number }).status;
  } finally {
    await settle();
  }
};

it('who asks for too many is told so, and somebody else still gets one', async () => {
  const asked: number[] = [];
  for (let n = 0; n < 7; n++) asked.push(await ask(`nobody${n}@example.com`, '192.0.2.1'));
  expect(asked).toEqual([200, 200, 200, 200, 200, 503, 503]);
  expect(await ask(ALICE, '192.0.2.2')).toBe(200);
  expect(mails).toEqual([ALICE]);
});

it('one account gets no more than a few, whoever asks for them, and nobody is told of it', async () => {
  for (let n = 0; n < 12; n++) expect(await ask(ALICE, `192.0.2.${n}`)).toBe(200);
  expect(mails).toHaveLength(5);
});

it('beyond what is sent at all the operator hears of it, not who asked', async () => {
  for (let n = 0; n < 110; n++) expect(await ask(`user${n}`, `192.0.2.${n}`)).toBe(200);
  expect([mails.length, faults.length]).toEqual([100, 10]);
});

it('guesses at tokens slow down who makes them alone', async () => {
  const guess = { recovery_token: 'x', password: 'correct horse' };
  const tries: number[] = [];
  for (let n = 0; n < 22; n++) tries.push(await ask(ALICE, '192.0.2.1', guess));
  expect(tries.filter((status) => status === 422)).toHaveLength(20);
  expect(tries.slice(-2)).toEqual([503, 503]);
  expect(await ask(ALICE, '192.0.2.2', guess)).toBe(422);
});
