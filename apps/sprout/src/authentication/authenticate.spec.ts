// Attacks on the digest at the registrar: guessing in series, in parallel, in somebody else's name. On a fake clock.
import { CLAIMED_IMPI_LENGTH_MAX, createDecoy } from '#libs/digest';
import type { Homestead } from '#libs/homestead-client';
import {
  digestResponse,
  type Flow,
  parseAuthorization,
  parseMessage,
  type ServerTransaction,
} from '#libs/sip';
import { createMemoryKeyValueStore, type KeyValueStore } from '#libs/stores';
import { createFakeClock, type FakeClock, createSeededRandom, settle } from '#libs/testkit';
import type { SproutPorts, SproutSettings } from '../ports.js';
import { authenticate, type Authenticator } from './authenticate.js';
import { Challenges, type LiveChallenges } from './challenges.js';
import { DELAY_MAX_MS, FailureBrake, WAITING_MAX } from './failure-brake.js';

const IMPI = 'alice@ims.test';
const IMPU = `sip:${IMPI}`;
const HA1 = '0123456789abcdef0123456789abcdef';
const WRONG = 'ffffffffffffffffffffffffffffffff';
const HOME = '192.0.2.1';
const ELSEWHERE = '203.0.113.9';

let clock: FakeClock;
let counts: Map<string, number>;
let store: KeyValueStore<LiveChallenges>;
let authenticator: Authenticator;

beforeEach(() => {
  clock = createFakeClock();
  counts = new Map();
  store = createMemoryKeyValueStore({ name: 'challenges', clock });
  const homestead: Pick<Homestead, 'authentication'> = {
    authentication: (impi) =>
      Promise.resolve(
        impi === IMPI
          ? {
              ok: true,
              value: { kind: 'digest', realm: 'ims.test', qop: 'auth', ha1Md5: HA1, version: '1' },
            }
          : { ok: false, failure: 'not-found' },
      ),
  };
  const ports: Pick<SproutPorts, 'clock' | 'random' | 'observer' | 'homestead'> = {
    clock,
    random: createSeededRandom(1),
    homestead: homestead as Homestead,
    observer: { count: (kind) => void counts.set(kind, (counts.get(kind) ?? 0) + 1), fault: () => undefined },
  };
  const settings: Pick<SproutSettings, 'digestAlgorithms' | 'regMaxExpiresS' | 'scscfUri'> = {
    digestAlgorithms: ['MD5'],
    regMaxExpiresS: 300,
    scscfUri: 'sip:scscf.ims.test',
  };
  authenticator = {
    ports: ports as SproutPorts,
    settings: settings as SproutSettings,
    challenges: new Challenges(store),
    brake: new FailureBrake(clock),
    decoy: createDecoy(createSeededRandom(2), 'ims.test'),
  };
});

/** What became of a try: its status when there is one, 200 when it was let in; and when. */
type Outcome = { status: number; atMs: number; headers: string };

const REQUEST = (address: string): string =>
  `REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/TCP bono:5058;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP ${address};branch=z9hG4bK2\r\n` +
  'From: <sip:alice@ims.test>;tag=1\r\nTo: <sip:alice@ims.test>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n';

/** Sends a REGISTER without waiting for what becomes of it. */
const begin = (address: string, authorization?: string, impi = IMPI): Outcome => {
  const outcome: Outcome = { status: 0, atMs: 0, headers: '' };
  const ended = (status: number, headers = ''): void => {
    Object.assign(outcome, { status, atMs: clock.monotonicMs(), headers });
  };
  const parsed = parseMessage(REQUEST(address));
  if (!parsed.ok) throw new Error('bad request in the test');
  const flow: Pick<Flow, 'remoteAddress'> = { remoteAddress: '127.0.0.1' };
  const tx: Pick<ServerTransaction, 'request' | 'flow' | 'reply'> = {
    request: parsed.message,
    flow: flow as Flow,
    reply: (status, _reason, headers) => ended(status, headers),
  };
  const credentials = authorization === undefined ? undefined : parseAuthorization(authorization);
  void authenticate(authenticator, tx as ServerTransaction, { impi, impu: IMPU, credentials }).then(
    (authentic) => authentic && ended(200),
  );
  return outcome;
};

const challenged = async (address: string): Promise<string> => {
  const outcome = begin(address);
  await settle();
  return /nonce="([^"]+)"/.exec(outcome.headers)![1]!;
};

const answer = (nonce: string, ha1: string, count = 1): string => {
  const nc = count.toString(16).padStart(8, '0');
  const common = { algorithm: 'MD5', nonce, nc, cnonce: 'c', uri: 'sip:ims.test' } as const;
  const response = digestResponse({ ...common, ha1, qop: 'auth', method: 'REGISTER' });
  return `Digest username="${IMPI}", realm="ims.test", nonce="${nonce}", uri="sip:ims.test", response="${response}", algorithm=MD5, cnonce="c", qop=auth, nc=${nc}`;
};

/** A try, and what became of it when all waits are over. */
const attempt = async (address: string, authorization: string): Promise<Outcome & { tookMs: number }> => {
  const fromMs = clock.monotonicMs();
  const outcome = begin(address, authorization);
  await clock.advanceAsync(DELAY_MAX_MS);
  await settle();
  return { ...outcome, tookMs: outcome.atMs - fromMs };
};

const challengesOf = async () => (await store.get(IMPI))!.value.map(({ nonce }) => nonce);

const guess = async (address: string, times: number) => {
  let last: Awaited<ReturnType<typeof attempt>> | undefined;
  for (let time = 0; time < times; time++)
    last = await attempt(address, answer(await challenged(address), WRONG));
  return last!;
};

it('lets the first wrong answers be told at once', async () => {
  expect(await guess(HOME, 3)).toMatchObject({ status: 403, tookMs: 0 });
});

it('slows guessing in series down to one try in four seconds, and never keeps a client longer (RFC 4320)', async () => {
  expect(await guess(ELSEWHERE, 10)).toMatchObject({ status: 403, tookMs: DELAY_MAX_MS });
  expect(await guess(ELSEWHERE, 20)).toMatchObject({ status: 403, tookMs: DELAY_MAX_MS });
  expect(counts.get('authentication-slowed')).toBeGreaterThan(20);
});

it('lets the user in at once from home while its name is failed on purpose from elsewhere', async () => {
  await guess(ELSEWHERE, 30);
  const answered = answer(await challenged(HOME), HA1);
  expect(await attempt(HOME, answered)).toMatchObject({ status: 200, tookMs: 0 });
});

it('lets the user in behind the same NAT as the attacker: later, but in', async () => {
  await guess(HOME, 30);
  expect(await attempt(HOME, answer(await challenged(HOME), HA1))).toMatchObject({
    status: 200,
    tookMs: DELAY_MAX_MS,
  });
});

it('lets a registered phone refresh at once behind the same NAT as the attacker', async () => {
  const nonce = await challenged(HOME);
  expect(await attempt(HOME, answer(nonce, HA1))).toMatchObject({ status: 200 });
  await guess(HOME, 30);
  expect(await attempt(HOME, answer(nonce, HA1, 2))).toMatchObject({ status: 200, tookMs: 0 });
});

it('judges no more of a thousand guesses sent at once than of a few', async () => {
  const nonce = await challenged(ELSEWHERE);
  const outcomes = Array.from({ length: 1_000 }, (_, n) => begin(ELSEWHERE, answer(nonce, WRONG, n + 1)));
  await settle();
  await clock.advanceAsync(DELAY_MAX_MS);
  await settle();
  const told = (status: number) => outcomes.filter((outcome) => outcome.status === status).length;
  expect(told(403)).toBe(3 + WAITING_MAX);
  expect(told(401)).toBe(1_000 - 3 - WAITING_MAX);
  expect(counts.get('authentication-failed')).toBe(3 + WAITING_MAX);
  expect(counts.get('authentication-unjudged')).toBe(1_000 - 3 - WAITING_MAX);
  // What was not judged cost no challenge either.
  expect(await challengesOf()).toEqual([nonce]);
});

it('lets the user behind the same NAT in among a thousand guesses sent at once, once it is its turn to wait', async () => {
  await guess(HOME, 10);
  const nonce = await challenged(HOME);
  for (let n = 0; n < 1_000; n++) begin(HOME, answer(nonce, WRONG, n + 1));
  await clock.advanceAsync(DELAY_MAX_MS);
  await settle();
  expect(await attempt(HOME, answer(nonce, HA1))).toMatchObject({ status: 200 });
});

it('lets the user in from home while challenges are asked for in its name from elsewhere', async () => {
  const nonce = await challenged(HOME);
  for (let n = 0; n < 20; n++) await challenged(ELSEWHERE);
  expect(await attempt(HOME, answer(nonce, HA1))).toMatchObject({ status: 200 });
});

describe('who is nobody', () => {
  /** All that a client sees of what becomes of these tries, one after the other: status, time, headers but for what is random. */
  const seen = async (
    impi: string,
    tries: readonly ('ask' | 'answer' | 'made up' | 'again')[],
  ): Promise<readonly unknown[]> => {
    const told: unknown[] = [];
    let nonce = '';
    for (const what of tries) {
      const outcome = begin(
        ELSEWHERE,
        what === 'ask' ? undefined : answer(what === 'made up' ? 'x'.repeat(26) : nonce, WRONG),
        impi,
      );
      const fromMs = clock.monotonicMs();
      await clock.advanceAsync(DELAY_MAX_MS);
      await settle();
      nonce = /nonce="([^"]+)"/.exec(outcome.headers)?.[1] ?? nonce;
      told.push([
        outcome.status,
        outcome.atMs - fromMs,
        outcome.headers.replace(/(nonce|opaque)="\w+"/g, '$1'),
      ]);
    }
    return told;
  };

  it.each([
    [['ask', 'answer']],
    [['made up', 'answer']],
    [['ask', 'ask', 'ask', 'ask', 'ask', 'ask', 'answer', 'again']],
    [['ask', 'answer', 'again', 'again', 'again', 'again', 'again']],
  ] as const)('sees what a subscriber sees who does not know the password: %j', async (tries) => {
    expect(await seen('nobody@ims.test', tries)).toEqual(await seen(IMPI, tries));
  });

  it('is never let in', async () => {
    expect((await seen('nobody@ims.test', ['ask', 'answer'])).map((told) => (told as number[])[0])).toEqual([
      401, 403,
    ]);
  });

  it('is refused at once with a name that is longer than any, and leaves nothing behind', async () => {
    const name = 'n'.repeat(CLAIMED_IMPI_LENGTH_MAX + 1);
    const outcome = begin(ELSEWHERE, undefined, name);
    await settle();
    expect([outcome.status, await store.get(name)]).toEqual([403, undefined]);
  });
});
