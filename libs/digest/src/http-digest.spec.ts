// Who is let in over HTTP: the user with the password and nobody else, each proof once; what nobody can tell apart; guesses slowed down.
import type { Answer, AuthVector } from '#libs/homestead-client';
import { GUESSES_OF_ADDRESS, GUESSES_OF_USER } from '#libs/runtime';
import { digestResponse, ha1 } from '#libs/sip';
import { createMemoryKeyValueStore, StoreUnavailable } from '#libs/stores';
import { createFakeClock, createSeededRandom, type FakeClock } from '#libs/testkit';
import { HttpDigest, type HttpDigestPorts, type Verdict } from './http-digest.js';
import { type NonceCounts, sharedNonceCounts } from './nonce-counts.js';
import { CLOCK_SKEW_MS_MAX, NONCE_LIFE_MS, NONCES_USED_MAX } from './signed-nonces.js';

const REALM = 'ims.test';
const IMPI = 'bob@ims.test';
const IMPU = 'sip:bob@ims.test';
const FAILURES_MAX = GUESSES_OF_USER.burst;
const TARGET = '/users/sip%3Abob%40ims.test/call-list';
const PASSWORD = 'bobs password';

type Algorithm = 'MD5' | 'SHA-256';
type Proof = Partial<{ algorithm: Algorithm; password: string; username: string; nc: number; uri: string; realm: string; impu: string; target: string; address: string; qop: string }>; // prettier-ignore

type SetUp = Partial<HttpDigestPorts> &
  Readonly<{ hasSha256?: boolean; password?: string; clock?: FakeClock }>;

const setUp = ({
  hasSha256 = true,
  password = PASSWORD,
  clock = createFakeClock(),
  ...ports
}: SetUp = {}) => {
  const state = {
    answer: undefined as Answer<AuthVector> | undefined,
    asked: [] as string[],
    password,
  };
  const vectorOf = (): AuthVector => ({
    kind: 'digest',
    realm: REALM,
    qop: 'auth',
    ha1Md5: ha1('MD5', IMPI, REALM, state.password),
    ...(hasSha256 ? { ha1Sha256: ha1('SHA-256', IMPI, REALM, state.password) } : {}),
    version: '1',
  });
  const authVector = (impi: string, impu: string): Promise<Answer<AuthVector>> => {
    state.asked.push(`${impi} ${impu}`);
    if (state.answer !== undefined) return Promise.resolve(state.answer);
    const isOwn = impi === IMPI && impu === IMPU;
    return Promise.resolve(isOwn ? { ok: true, value: vectorOf() } : { ok: false, failure: 'not-found' });
  };
  const digest = new HttpDigest({
    homestead: { authVector },
    clock,
    random: createSeededRandom(1),
    realm: REALM,
    ...ports,
  });
  const judge = (authorization?: string, { impu = IMPU, target = TARGET, address = '192.0.2.1' }: Proof = {}) =>
    digest.judge({ method: 'GET', target, authorization, address }, { impu }); // prettier-ignore
  const nonceOf = (verdict: Verdict): string =>
    /nonce="([^"]+)"/.exec(verdict.kind === 'challenged' ? verdict.challenges[0]! : '')?.[1] ?? '';
  const fresh = async (): Promise<string> => nonceOf(await judge());
  const prove = (nonce: string, proof: Proof = {}) => {
    const {
      algorithm = 'SHA-256',
      username = IMPI,
      nc = 1,
      uri = TARGET,
      realm = REALM,
      qop = 'auth',
    } = proof;
    const count = nc.toString(16).padStart(8, '0');
    const own = ha1(algorithm, username, REALM, proof.password ?? PASSWORD);
    const response = digestResponse({ algorithm, ha1: own, nonce, nc: count, cnonce: 'c', qop: 'auth', method: 'GET', uri }); // prettier-ignore
    const text = `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm}, cnonce="c", qop=${qop}, nc=${count}`;
    return judge(text, proof);
  };
  return { clock, state, judge, fresh, prove, nonceOf };
};

it.each(['MD5', 'SHA-256'] as const)('lets the user in by %s', async (algorithm) => {
  const { fresh, prove, state } = setUp();
  expect(await prove(await fresh(), { algorithm })).toEqual({ kind: 'ok', impu: IMPU });
  expect(state.asked).toEqual([`${IMPI} ${IMPU}`]);
});

it('asks whoever has proved nothing, the stronger first, and asks Homestead nothing', async () => {
  const { judge, state } = setUp();
  for (const text of [undefined, '', 'Basic eA==', 'Digest', 'Digest realm="ims.test"', 'Digest username="a", username="b"']) {
    const verdict = await judge(text);
    expect(verdict.kind === 'challenged' && verdict.challenges.map((one) => /algorithm=([^,]+)/.exec(one)?.[1])).toEqual(['SHA-256', 'MD5']); // prettier-ignore
  }
  expect(state.asked).toEqual([]);
}); // prettier-ignore

it('takes each proof once, and counts that rise', async () => {
  const { fresh, prove } = setUp();
  const nonce = await fresh();
  const kinds: string[] = [];
  for (const nc of [1, 1, 3, 2, 4]) kinds.push((await prove(nonce, { nc })).kind);
  expect(kinds).toEqual(['ok', 'challenged', 'ok', 'challenged', 'ok']);
});

it.each([
  ['for another request line', { uri: '/users/sip%3Aalice%40ims.test/call-list' }],
  ['taken along to another list', { target: '/users/sip%3Aalice%40ims.test/call-list' }],
  ['of another realm', { realm: 'other.test' }],
  ['of another quality', { qop: 'auth-int' }],
])('does not take a proof %s', async (_what, proof) => {
  const { fresh, prove, state } = setUp();
  expect((await prove(await fresh(), proof)).kind).toBe('challenged');
  expect(state.asked).toEqual([]);
});

it('does not take a nonce that it has not given out, or gave out too long ago', async () => {
  const { clock, fresh, prove } = setUp();
  const nonce = await fresh();
  const stale = async (given: string): Promise<boolean> => {
    const verdict = await prove(given);
    return verdict.kind === 'challenged' && verdict.challenges[0]!.includes('stale=true');
  };
  expect(await stale('made-up')).toBe(true);
  expect(await stale(`z${nonce}`)).toBe(true);
  clock.advance(NONCE_LIFE_MS);
  expect(await stale(nonce)).toBe(true);
});

it('tells the wrong password, nobody, and somebody else’s list alike', async () => {
  const { fresh, prove } = setUp();
  const nonce = await fresh();
  expect(await prove(nonce, { password: 'x' })).toEqual({ kind: 'refused' });
  expect(await prove(nonce, { username: 'nobody@ims.test' })).toEqual({ kind: 'refused' });
  expect(await prove(nonce, { impu: 'sip:alice@ims.test' })).toEqual({ kind: 'refused' });
  expect(await prove(nonce)).toEqual({ kind: 'ok', impu: IMPU });
});

it('holds a changed password at once', async () => {
  const { fresh, prove, state } = setUp();
  const nonce = await fresh();
  expect((await prove(nonce)).kind).toBe('ok');
  state.password = 'another';
  expect((await prove(nonce, { nc: 2 })).kind).toBe('refused');
});

it('asks who was provisioned by MD5 alone for that', async () => {
  const { fresh, prove } = setUp({ hasSha256: false });
  const verdict = await prove(await fresh());
  expect(verdict.kind === 'challenged' && verdict.challenges.join()).toMatch(/^[^;]*algorithm=MD5,[^;]*stale=true$/);
  expect((await prove(await fresh(), { algorithm: 'MD5' })).kind).toBe('ok');
}); // prettier-ignore

it.each([
  ['unavailable', false],
  ['timeout', true],
] as const)('never takes %s for a wrong password', async (failure, isLate) => {
  const { fresh, prove, state } = setUp();
  const nonce = await fresh();
  state.answer = { ok: false, failure };
  for (let n = 0; n <= FAILURES_MAX; n++)
    expect(await prove(nonce)).toMatchObject({ kind: 'away', isLate, retryAfterS: 5 });
  state.answer = undefined;
  expect((await prove(nonce)).kind).toBe('ok');
});

describe('who guesses', () => {
  it('is told to wait, also at once and many times, while the user elsewhere is not', async () => {
    const { clock, fresh, prove, state } = setUp();
    const nonce = await fresh();
    const tries = Array.from({ length: 100 }, () => prove(nonce, { password: 'x', address: '203.0.113.9' }));
    const kinds = (await Promise.all(tries)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'refused')).toHaveLength(FAILURES_MAX);
    expect(kinds.filter((kind) => kind === 'slowed')).toHaveLength(100 - FAILURES_MAX);
    expect(state.asked).toHaveLength(FAILURES_MAX);
    expect((await prove(nonce)).kind).toBe('ok');
    expect((await prove(nonce, { nc: 2, address: '203.0.113.9' })).kind).toBe('slowed');
    clock.advance(60_000);
    expect((await prove(nonce, { nc: 2, address: '203.0.113.9' })).kind).toBe('ok');
  });

  it('is told to wait whatever names it tries', async () => {
    const { fresh, prove } = setUp();
    const nonce = await fresh();
    for (let n = 0; n < GUESSES_OF_ADDRESS.burst; n++) await prove(nonce, { username: `user${n}` });
    expect((await prove(nonce, { username: 'user-last' })).kind).toBe('slowed');
  });
});

it('forgets the oldest proofs, and with them takes nothing that is as old', async () => {
  const { clock, fresh, prove } = setUp();
  const first = await fresh();
  const unused = await fresh();
  expect((await prove(first)).kind).toBe('ok');
  clock.advance(1);
  for (let n = 0; n < NONCES_USED_MAX; n++) expect((await prove(await fresh(), { algorithm: 'MD5' })).kind).toBe('ok'); // prettier-ignore
  expect((await prove(first)).kind).toBe('challenged');
  expect((await prove(unused)).kind).toBe('challenged');
  expect((await prove(await fresh())).kind).toBe('ok');
});

it('lets who has answered a nonce right go on with it, whatever others guess from the same address', async () => {
  const { fresh, prove } = setUp();
  const own = await fresh();
  expect((await prove(own)).kind).toBe('ok');
  const guessed = await fresh();
  for (let n = 0; n < FAILURES_MAX; n++) await prove(guessed, { password: 'x' });
  expect((await prove(guessed, { nc: 2 })).kind).toBe('slowed');
  expect((await prove(own, { nc: 2 })).kind).toBe('ok');
});

describe('where only what is stored is offered', () => {
  const offered = (verdict: Verdict): unknown =>
    verdict.kind === 'challenged' ? verdict.challenges.map((one) => /algorithm=([^,]+)/.exec(one)?.[1]) : verdict.kind;

  it('offers SHA-256 first to who has both, MD5 to who has that alone, and nobody is asked like somebody', async () => {
    const both = setUp({ offersStoredOnly: true });
    expect(offered(await both.judge())).toEqual(['SHA-256', 'MD5']);
    expect(both.state.asked).toEqual([`${IMPI} ${IMPU}`]);
    const md5 = setUp({ offersStoredOnly: true, hasSha256: false });
    expect(offered(await md5.judge())).toEqual(['MD5']);
    expect(offered(await md5.judge(undefined, { impu: 'sip:nobody@ims.test' }))).toEqual(['SHA-256', 'MD5']);
  });

  it('says that it cannot tell while it cannot', async () => {
    const { judge, state } = setUp({ offersStoredOnly: true });
    state.answer = { ok: false, failure: 'unavailable' };
    expect(offered(await judge())).toBe('away');
  });

  it('asks Homestead so often for one address and no more: then it offers everything', async () => {
    const { judge, state } = setUp({ offersStoredOnly: true, hasSha256: false });
    const offers = await Promise.all(Array.from({ length: 100 }, () => judge()));
    expect(state.asked).toHaveLength(50);
    expect(offers.map(offered).filter((algorithms) => (algorithms as string[]).length === 2)).toHaveLength(50);
    expect(offered(await judge(undefined, { address: '198.51.100.7' }))).toEqual(['MD5']);
  });
}); // prettier-ignore

describe('two nodes with one key', () => {
  const nonceKey = Buffer.alloc(32, 7);
  const two = (nonceCounts?: NonceCounts) => {
    const clock = createFakeClock();
    const node = () => setUp({ clock, nonceKey, nonceCounts });
    return [node(), node()] as const;
  };

  it('take each other’s nonces; without the key they do not', async () => {
    const [one, other] = two();
    const nonce = await one.fresh();
    expect((await other.prove(nonce)).kind).toBe('ok');
    expect((await setUp({ clock: one.clock }).prove(nonce)).kind).toBe('challenged');
  });

  it('count each for itself without a store: what one took, the other takes once more', async () => {
    const [one, other] = two();
    const nonce = await one.fresh();
    const kinds = [];
    for (const node of [one, one, other, other]) kinds.push((await node.prove(nonce)).kind);
    expect(kinds).toEqual(['ok', 'challenged', 'ok', 'challenged']);
  });

  it('count together in a store: what one took no other takes, also at once', async () => {
    const store = createMemoryKeyValueStore<number>({ name: 'nonces', clock: createFakeClock() });
    const [one, other] = two(sharedNonceCounts(store));
    const nonce = await one.fresh();
    const verdicts = await Promise.all([one.prove(nonce), other.prove(nonce)]);
    expect(verdicts.map(({ kind }) => kind).toSorted()).toEqual(['challenged', 'ok']);
    expect((await other.prove(nonce, { nc: 2 })).kind).toBe('ok');
    expect((await one.prove(nonce, { nc: 2 })).kind).toBe('challenged');
  });

  it('say that they cannot tell while the store cannot', async () => {
    const [one] = two({ use: () => Promise.reject(new StoreUnavailable('down')) });
    await expect(one.prove(await one.fresh())).rejects.toBeInstanceOf(StoreUnavailable);
  });

  it('take none of before their own start where they count each for itself', async () => {
    const [one] = two();
    const nonce = await one.fresh();
    one.clock.advance(1);
    expect((await setUp({ clock: one.clock, nonceKey }).prove(nonce)).kind).toBe('challenged');
    const store = createMemoryKeyValueStore<number>({ name: 'nonces', clock: one.clock });
    expect((await setUp({ clock: one.clock, nonceKey, nonceCounts: sharedNonceCounts(store) }).prove(nonce)).kind).toBe('ok');
  }); // prettier-ignore

  it('take a nonce of a clock that is a little ahead, and none of one that is far ahead', async () => {
    const clock = createFakeClock();
    const ahead = (ms: number) => setUp({ nonceKey, clock: createFakeClock(clock.nowMs() + ms) }).fresh();
    const { prove } = setUp({ clock, nonceKey });
    expect((await prove(await ahead(CLOCK_SKEW_MS_MAX))).kind).toBe('ok');
    expect((await prove(await ahead(CLOCK_SKEW_MS_MAX + 1))).kind).toBe('challenged');
  });
});
