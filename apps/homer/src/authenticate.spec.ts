// Who may ask Homer (RFC 4825 §8, §14, §5.7; TS 24.623): services by key, users by digest or by what a trusted proxy asserts.
import { createApiKeys, GUESSES_OF_ADDRESS, GUESSES_OF_USER } from '#libs/runtime';
import { digestResponse, ha1 } from '#libs/sip';
import { createHomerFixture, type HomerFixture, KEY, REALM, TYPES } from './homer.fixture.js';

let homer: HomerFixture;
beforeEach(async () => {
  homer = await createHomerFixture();
});
afterEach(() => homer.close());

const ALICE = '/simservs.ngn.etsi.org/users/sip:alice@ims.test/simservs.xml';
const BOB = ALICE.replace('alice', 'bob');
const BODY = '<simservs xmlns="http://uri.etsi.org/ngn/params/xml/simservs/xcap"/>';
const bare = (method: 'GET' | 'PUT' | 'DELETE', url: string, headers: Record<string, string> = {}) =>
  homer.server.app.inject({ method, url, headers, ...(method === 'PUT' ? { payload: BODY } : {}) });

type Digest = Readonly<{ algorithm?: 'MD5' | 'SHA-256'; user?: string; password?: string; nonce?: string; nc?: string; uri?: string; method?: string; realm?: string; qop?: 'auth' | 'auth-int' }>; // prettier-ignore

const nonceOf = async (): Promise<string> => {
  const header = String((await bare('GET', ALICE)).headers['www-authenticate']);
  return /nonce="([^"]+)"/.exec(header)?.[1] ?? '';
};
const authorization = (digest: Digest = {}): string => {
  const { algorithm = 'MD5', user = 'alice@ims.test', password = 'secret', nonce = '', nc = '00000001', uri = ALICE, method = 'GET', realm = REALM, qop = 'auth' } = digest;
  const response = digestResponse({ algorithm, ha1: ha1(algorithm, user, realm, password), nonce, nc, cnonce: 'c', qop, method, uri });
  return `Digest username="${user}",realm="${realm}",nonce="${nonce}",uri="${uri}",response="${response}",algorithm=${algorithm},qop=${qop},nc=${nc},cnonce="c"`;
}; // prettier-ignore
const byDigest = async (digest: Digest, method: 'GET' | 'PUT' = 'GET', url = ALICE) =>
  bare(method, url, {
    authorization: authorization({ nonce: await nonceOf(), method, uri: url, ...digest }),
    'content-type': TYPES.simservs,
  });

describe('digest with the credentials of SIP', () => {
  it('challenges in the home domain', async () => {
    const { statusCode, headers } = await bare('GET', ALICE);
    expect(statusCode).toBe(401);
    expect(headers['www-authenticate']).toMatch(/^Digest realm="ims.test",nonce="[^"]+",algorithm=MD5,qop="auth"$/);
  }); // prettier-ignore

  it('opens the own tree, by each identity of the user, and no other', async () => {
    expect((await byDigest({}, 'PUT')).statusCode).toBe(201);
    expect((await byDigest({})).statusCode).toBe(200);
    expect((await byDigest({}, 'GET', ALICE.replace('sip:alice@ims.test', 'tel:+4930123'))).statusCode).toBe(
      404,
    );
    for (const method of ['GET', 'PUT'] as const) expect((await byDigest({}, method, BOB)).statusCode).toBe(403); // prettier-ignore
    expect((await byDigest({}, 'GET', '/xcap-caps/global/index')).statusCode).toBe(200);
  });

  it.each([
    ['a wrong password', { password: 'guess' }, 401],
    ['a user who is not', { user: 'nobody@ims.test' }, 401],
    ['another realm', { realm: 'other' }, 401],
    ['a nonce of nobody', { nonce: 'made.up.nonce' }, 401],
    ['a nonce count of nothing', { nc: '00000000' }, 401],
    ['another method', { method: 'DELETE' }, 401],
    ['auth-int, which was not offered', { qop: 'auth-int' }, 401],
    ['another target', { uri: BOB }, 400],
  ] as const)('refuses %s', async (_name, digest, status) => {
    expect((await byDigest(digest)).statusCode).toBe(status);
  });

  it('takes each nonce count once, and a nonce as long as it lives', async () => {
    const nonce = await nonceOf();
    expect((await byDigest({ nonce })).statusCode).toBe(404);
    const again = await byDigest({ nonce });
    expect([again.statusCode, String(again.headers['www-authenticate'])]).toEqual([401, expect.stringContaining('stale=true')]); // prettier-ignore
    expect((await byDigest({ nonce, nc: '00000002' })).statusCode).toBe(404);
    homer.clock.advance(300_000);
    expect((await byDigest({ nonce, nc: '00000003' })).statusCode).toBe(401);
  });

  it('503 while credentials cannot be checked', async () => {
    const nonce = await nonceOf();
    homer.state.isHomesteadDown = true;
    expect((await byDigest({ nonce })).statusCode).toBe(503);
    expect((await bare('GET', ALICE)).statusCode).toBe(503);
  });

  it('offers SHA-256 before MD5, each in a field of its own, where the user was provisioned with it (RFC 7616 §3.7)', async () => {
    const offers = (await bare('GET', BOB)).headers['www-authenticate'] as unknown as string[];
    const nonce = /nonce="([^"]+)"/.exec(offers[0] ?? '')?.[1] ?? '';
    expect(offers).toEqual(['SHA-256', 'MD5'].map((algorithm) => `Digest realm="ims.test",nonce="${nonce}",algorithm=${algorithm},qop="auth"`));
    const bob = { user: 'bob@ims.test', uri: BOB, nonce };
    for (const digest of [{ ...bob, algorithm: 'SHA-256' }, { ...bob, nc: '00000002' }] as const)
      expect((await byDigest(digest, 'GET', BOB)).statusCode).toBe(404);
  }); // prettier-ignore

  it('asks who answers by SHA-256 and has MD5 alone for that, and it is no guess', async () => {
    for (let n = 0; n <= GUESSES_OF_USER.burst; n++) {
      const { statusCode, headers } = await byDigest({ algorithm: 'SHA-256' });
      expect([statusCode, headers['www-authenticate']]).toEqual([401, expect.stringMatching(/algorithm=MD5,.*stale=true$/)]);
    }
    expect((await byDigest({})).statusCode).toBe(404);
  }); // prettier-ignore

  it('takes a nonce of another Homer that has the key, and of none that has not', async () => {
    const nonceKey = Buffer.alloc(32, 1);
    const one = await createHomerFixture({ nonceKey });
    const other = await createHomerFixture({ nonceKey });
    const challenge = String((await one.server.app.inject({ url: ALICE })).headers['www-authenticate']);
    const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
    const headers = { authorization: authorization({ nonce }) };
    expect((await other.server.app.inject({ url: ALICE, headers })).statusCode).toBe(404);
    expect((await bare('GET', ALICE, headers)).statusCode).toBe(401);
    await Promise.all([one.close(), other.close()]);
  });
});

describe('services by API key', () => {
  it('reach every tree with a key of their role', async () => {
    expect((await bare('GET', ALICE, { 'x-api-key': KEY })).statusCode).toBe(404);
    expect((await bare('GET', ALICE, { 'x-api-key': 'wrong' })).statusCode).toBe(401);
    expect((await bare('GET', ALICE, { 'x-api-key': 'another-key' })).statusCode).toBe(403);
  });
  it('make no documents of users who are not', async () => {
    const headers = { 'x-api-key': KEY, 'content-type': TYPES.simservs };
    expect((await bare('PUT', ALICE.replace('alice', 'nobody'), headers)).statusCode).toBe(404);
    homer.state.isHomesteadDown = true;
    expect((await bare('PUT', ALICE, headers)).statusCode).toBe(503);
    expect((await bare('GET', ALICE, { 'x-api-key': KEY })).statusCode).toBe(404);
  });
});

describe('asserted identities', () => {
  it.each(['x-3gpp-asserted-identity', 'x-xcap-asserted-identity'])('%s opens that tree', async (name) => {
    const headers = { [name]: '"tel:+4930123", "sip:alice@ims.test"', 'content-type': TYPES.simservs };
    expect((await bare('PUT', ALICE, headers)).statusCode).toBe(201);
    expect((await bare('GET', ALICE, headers)).statusCode).toBe(200);
    expect((await bare('GET', BOB, headers)).statusCode).toBe(403);
  });
  it('mean nothing from who may not assert', async () => {
    const other = await createHomerFixture({ mayAssert: () => false });
    const headers = { 'x-3gpp-asserted-identity': '"sip:alice@ims.test"' };
    expect((await other.server.app.inject({ url: ALICE, headers })).statusCode).toBe(401);
    await other.close();
  });
  it('without any keys the machine itself is a service', async () => {
    const open = await createHomerFixture({ apiKeys: createApiKeys([]) });
    expect((await open.server.app.inject({ url: ALICE })).statusCode).toBe(404);
    await open.close();
  });
});

describe('who guesses passwords', () => {
  const HERE = '203.0.113.9';
  /** From whom the proxy on this machine names; with a nonce of its own unless one is given. */
  const tryAs = async (digest: Digest, from: string) => {
    const nonce = digest.nonce ?? (await nonceOf());
    const headers = { authorization: authorization({ ...digest, nonce }), 'x-forwarded-for': from };
    const { statusCode, headers: got } = await bare('GET', ALICE, headers);
    return { status: statusCode, wait: got['retry-after'] };
  }; // prettier-ignore

  it('is told to wait, while the user elsewhere is not, and the user there may try again after it', async () => {
    const statuses = [];
    for (let n = 0; n < GUESSES_OF_USER.burst; n++) statuses.push((await tryAs({ password: `no${n}` }, HERE)).status);
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(await tryAs({ password: 'another' }, HERE)).toEqual({ status: 503, wait: '6' });
    expect((await tryAs({}, '198.51.100.7')).status).toBe(404);
    homer.clock.advance(6_000);
    expect((await tryAs({}, HERE)).status).toBe(404);
  }); // prettier-ignore

  it('is told to wait whatever names it tries, by whatever addresses of one line; who was right from there is not', async () => {
    expect((await tryAs({ user: 'bob@ims.test', uri: ALICE }, '2001:db8:1:2::1')).status).toBe(403);
    for (let n = 0; n < GUESSES_OF_ADDRESS.burst; n++)
      await tryAs({ user: `user${n}` }, `2001:db8:1:2::${n}`);
    expect((await tryAs({}, '2001:db8:1:2::99')).status).toBe(503);
    expect((await tryAs({ user: 'bob@ims.test', uri: ALICE }, '2001:db8:1:2::1')).status).toBe(403);
    expect((await tryAs({}, '2001:db8:1:3::99')).status).toBe(404);
  });

  it('is nobody while credentials cannot be checked', async () => {
    const nonce = await nonceOf();
    homer.state.isHomesteadDown = true;
    for (let n = 0; n <= GUESSES_OF_USER.burst; n++) expect((await tryAs({ nonce }, HERE)).status).toBe(503);
    homer.state.isHomesteadDown = false;
    expect((await tryAs({ nonce }, HERE)).status).toBe(404);
  });
});
