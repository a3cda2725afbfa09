// Who is let in over HTTP: the user with the password and nobody else, each proof once; what nobody can tell apart; guesses slowed down.
import type { Answer, AuthVector } from '#libs/homestead-client';
import { GUESSES_OF_ADDRESS, GUESSES_OF_USER } from '#libs/runtime';
import { digestResponse, ha1 } from '#libs/sip';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { HttpDigest, NONCE_LIFE_MS, NONCES_USED_MAX, type Verdict } from './http-digest.js';

const REALM = 'ims.test';
const IMPI = 'bob@ims.test';
const IMPU = 'sip:bob@ims.test';
const FAILURES_MAX = GUESSES_OF_USER.burst;
const TARGET = '/users/sip%3Abob%40ims.test/call-list';
const PASSWORD = 'bobs password';

type Algorithm = 'MD5' | 'SHA-256';
type Proof = Partial<{ algorithm: Algorithm; password: string; username: string; nc: number; uri: string; realm: string; impu: string; target: string; address: string; qop: string }>; // prettier-ignore

const setUp = ({ hasSha256 = true, password = PASSWORD } = {}) => {
  const clock = createFakeClock();
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
  });
  const judge = (authorization?: string, { impu = IMPU, target = TARGET, address = '192.0.2.1' }: Proof = {}) =>
    digest.judge({ method: 'GET', target, authorization, address }, impu); // prettier-ignore
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
  expect(await prove(await fresh(), { algorithm })).toEqual({ kind: 'ok' });
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
  expect(await prove(nonce)).toEqual({ kind: 'ok' });
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
