// Rounds against a core of two lines: it says yes, or what it is told to say.
import type { Phone } from '#libs/phone';
import { createFakeClock } from '#libs/testkit';
import { type Edge, playRound, type Round, type User } from './round.js';
import { lineOf, Totals } from './told.js';

const user = (name: string): User => ({
  impu: `sip:${name}@ims.test`,
  impi: `${name}@ims.test`,
  password: 'p',
});
const USERS = [user('alice'), user('bob')] as const;
const EDGES: readonly Edge[] = [
  { address: '127.0.0.1', port: 5060 },
  { address: '127.0.0.2', port: 5060 },
];

type Said = Readonly<Partial<Record<'REGISTER' | 'INVITE' | 'BYE', number | 'timeout'>>>;

/** Phones to which the core answers so; what they did is in `asked`. */
const setUp = (said: Said = {}) => {
  const asked: string[] = [];
  const clock = createFakeClock(1_767_225_600_000);
  const answer = (method: keyof Said) => {
    const status = said[method] ?? 200;
    if (status === 'timeout') return 'timeout';
    return {
      status,
      reason: status < 300 ? 'OK' : 'Server Internal Error',
      header: () => (status < 300 ? undefined : '7'),
    };
  };
  const phone = ({ impu }: User, edge: Edge) => {
    const say = (what: string): void => void asked.push(`${impu.slice(4, impu.indexOf('@'))} ${what}`);
    return {
      aor: impu,
      register: async () => {
        say(`registers at ${edge.address}`);
        return answer('REGISTER');
      },
      call: async (uri: string) => {
        say(`calls ${uri}`);
        return { request: {}, answer: answer('INVITE') };
      },
      inDialog: () => {
        say('hangs up');
        return { final: Promise.resolve(answer('BYE')) };
      },
      close: async () => say('is closed'),
    } as unknown as Phone;
  };
  const play = (n: number): Promise<Round> =>
    playRound({ users: USERS, edges: EDGES, clock, openPhone: async (...args) => phone(...args) }, n);
  return { asked, play };
};

it('registers both, calls and hangs up', async () => {
  const { asked, play } = setUp();
  expect(await play(0)).toMatchObject({ caller: 'alice', callee: 'bob', answeredMs: 0, endedMs: 0 });
  expect(asked).toEqual([
    'alice registers at 127.0.0.1',
    'bob registers at 127.0.0.2',
    'alice calls sip:bob@ims.test',
    'alice hangs up',
    'alice is closed',
    'bob is closed',
  ]);
});

it('lets each call each from each edge', async () => {
  const { play } = setUp();
  const ways: string[] = [];
  for (let n = 0; n < 4; n++) {
    const { caller, edges } = await play(n);
    ways.push(`${caller} ${edges.map(({ address }) => address).join(' ')}`);
  }
  expect(ways).toEqual([
    'alice 127.0.0.1 127.0.0.2',
    'bob 127.0.0.2 127.0.0.1',
    'alice 127.0.0.2 127.0.0.1',
    'bob 127.0.0.1 127.0.0.2',
  ]);
});

it.each([
  [
    { REGISTER: 500 },
    'REGISTER of alice: 500 Server Internal Error, to try again after 7 s; REGISTER of bob: 500 Server Internal Error, to try again after 7 s',
  ],
  [{ INVITE: 'timeout' }, 'INVITE: no answer within 32 s'],
  [{ BYE: 481 }, 'BYE: 481 Server Internal Error, to try again after 7 s'],
] as const)('says what failed, and closes its phones: %j', async (said, fault) => {
  const { asked, play } = setUp(said);
  expect((await play(0)).fault).toBe(fault);
  expect(asked.slice(-2)).toEqual(['alice is closed', 'bob is closed']);
});

it('tells a line a round, and a sum', async () => {
  const totals = new Totals();
  const good = await setUp().play(1);
  const bad = await setUp({ INVITE: 500 }).play(2);
  for (const round of [good, bad]) totals.note(round);
  expect(lineOf('14:03:07', 1, good)).toBe(
    '14:03:07     2  bob (127.0.0.2:5060) calls alice (127.0.0.1:5060): ok  registered 0 ms, answered 0 ms, ended 0 ms',
  );
  expect(lineOf('14:03:08', 2, bad)).toContain('FAILED  INVITE: 500 Server Internal Error');
  expect(totals.text()).toBe(
    '2 rounds: 1 carried, 1 failed\n  1 × INVITE: 500 Server Internal Error, to try again after 7 s',
  );
});
