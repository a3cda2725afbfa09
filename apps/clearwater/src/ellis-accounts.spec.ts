// The rows of backend.md §9 about accounts and sessions, each by name, and what docs/ellis.md adds.
import { jest } from '@jest/globals';
import { AppendRefused } from '#libs/event-log';
import {
  accountPath,
  CODE,
  cookieOf,
  createEllisFixture,
  type EllisFixture,
  newNumber,
  signedUp,
} from './ellis.fixture.js';

let api: EllisFixture;
beforeEach(async () => {
  api = await createEllisFixture();
});
afterEach(() => api.close());

const ALICE = 'alice@example.com';
const BODY = { email: ALICE, password: 'correct horse', full_name: 'Alice A.', signup_code: CODE };
const form = (fields: Readonly<Record<string, string>>) => ({
  body: new URLSearchParams(fields).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
});
const without = (name: string): object => Object.fromEntries(Object.entries(BODY).filter(([key]) => key !== name)); // prettier-ignore

describe('POST /accounts/', () => {
  it('makes an account, from JSON, a form or the query, and the code in a header', async () => {
    const made = await api.ask('POST', '/accounts/', { body: BODY });
    expect([made.status, made.json]).toEqual([201, { username: ALICE, full_name: 'Alice A.' }]);
    const bob = form({ ...BODY, email: 'Bob@Example.com' });
    expect((await api.ask('POST', '/accounts/', bob)).json).toMatchObject({ username: 'bob@example.com' });
    const query = new URLSearchParams({ ...BODY, email: 'carol@example.com' }).toString();
    expect((await api.ask('POST', `/accounts/?${query}`)).status).toBe(201);
    const headers = { 'ngv-signup-code': CODE };
    const dave = { ...without('signup_code'), email: 'dave@example.com' };
    expect((await api.ask('POST', '/accounts', { body: dave, headers })).status).toBe(201);
    // Clearwater's clients do not always say that they send JSON.
    const erin = JSON.stringify({ ...BODY, email: 'erin@example.com' });
    expect((await api.ask('POST', '/accounts', { body: erin })).status).toBe(201);
  });

  it.each([
    ['no code', without('signup_code'), 403],
    ['a wrong code', { ...BODY, signup_code: 'x' }, 403],
    ['no address', without('email'), 400],
    ['what is no address', { ...BODY, email: 'alice' }, 400],
    ['an address with a slash', { ...BODY, email: 'a/b@example.com' }, 400],
    ['no password', without('password'), 400],
    ['a short password', { ...BODY, password: '12345' }, 400],
    ['an endless password', { ...BODY, password: 'x'.repeat(513) }, 400],
    ['no name', without('full_name'), 400],
    ['an object for a name', { ...BODY, full_name: {} }, 400],
    ['days that are none', { ...BODY, expires: '-1' }, 400],
  ])('refuses %s', async (_what, body, status) => {
    const reply = await api.ask('POST', '/accounts/', { body });
    expect([reply.status, await api.events()]).toEqual([status, []]);
  });

  it('refuses a second one of the same address, whatever its case: 409', async () => {
    await signedUp(api, ALICE);
    const again = { ...BODY, email: 'ALICE@example.com' };
    expect((await api.ask('POST', '/accounts/', { body: again })).status).toBe(409);
    const racing = await Promise.all(
      Array.from({ length: 20 }, () =>
        api.ask('POST', '/accounts/', { body: { ...BODY, email: 'race@example.com' } }),
      ),
    );
    expect(racing.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(racing.filter(({ status }) => status === 409)).toHaveLength(19);
    const kept: string[] = [];
    for await (const { versionId } of api.credentials.versions()) kept.push(versionId);
    expect(kept).toHaveLength(2);
  });

  it('keeps neither the password nor its hash in the log', async () => {
    await signedUp(api, ALICE);
    let text = '';
    for await (const { event } of api.log.readAll(['accounts'], 'oldest')) text += JSON.stringify(event);
    expect(text).toContain('Alice'.toLowerCase());
    expect(text).not.toMatch(/correct horse|hash of/);
  });

  it('slows down who guesses codes, and tells nobody else', async () => {
    const guess = () => api.ask('POST', '/accounts/', { body: { ...BODY, signup_code: 'x' } });
    for (let tries = 0; tries < 20; tries++) expect((await guess()).status).toBe(403);
    const late = await guess();
    expect([late.status, late.header('retry-after')]).toEqual([503, '3']);
    api.clock.advance(3_000);
    expect((await api.ask('POST', '/accounts/', { body: BODY })).status).toBe(201);
  });

  it('goes on to a path of this host after a form, and nowhere else', async () => {
    const went = await api.ask('POST', '/accounts/', form({ ...BODY, onsuccess: '/lines', onfailure: '/x?y=1' }));
    expect([went.status, went.header('location')]).toEqual([303, '/lines']);
    const as = (went.cookie ?? '').split(';')[0]!;
    expect((await api.ask('GET', '/session/', { as })).json['username']).toBe(ALICE);
    const failed = await api.ask('POST', '/accounts/', form({ ...BODY, onsuccess: '/lines', onfailure: '/x?y=1' }));
    expect([failed.status, failed.header('location')]).toEqual([
      303,
      '/x?y=1&error=true&status=409&reason=there%20is%20an%20account%20of%20this%20address',
    ]);
    for (const elsewhere of ['//evil.example', 'https://evil.example', '/\\evil.example', '/a b'])
      expect((await api.ask('POST', '/accounts/', form({ ...BODY, onfailure: elsewhere }))).status).toBe(409);
  }); // prettier-ignore

  it('ends an account after its days', async () => {
    await api.ask('POST', '/accounts/', { body: { ...BODY, expires: 2 } });
    const cookie = cookieOf(
      await api.ask('POST', '/session/', { body: { username: ALICE, password: BODY.password } }),
    );
    const day = 86_400_000;
    api.clock.advance(day / 4);
    const shown = await api.ask('GET', accountPath(ALICE), { as: cookie });
    expect(shown.json).toMatchObject({ role: 'user', expires_at: 1_767_225_600_000 + 2 * day });
    api.clock.advance(2 * day);
    expect((await api.ask('GET', accountPath(ALICE), { as: cookie })).status).toBe(403);
    expect((await api.ask('POST', '/session/', { body: { username: ALICE, password: BODY.password } })).status).toBe(403); // prettier-ignore
  });
});

describe('POST /session/', () => {
  it('gives a cookie that no script reads and no other site sends', async () => {
    await signedUp(api, ALICE);
    const body = { username: ALICE, password: 'correct horse' };
    const reply = await api.ask('POST', '/session/', { body });
    expect([reply.status, reply.json]).toEqual([201, { username: ALICE, full_name: 'alice', role: 'user' }]);
    expect(reply.cookie).toMatch(/^session=[0-9a-z]{40}; Path=\/; HttpOnly; SameSite=Strict$/);
    const shown = await api.ask('GET', '/session/', { as: cookieOf(reply) });
    expect(shown.json).toMatchObject({ username: ALICE, role: 'user' });
  });

  it('is Secure where the portal is reached by https', async () => {
    await api.close();
    api = await createEllisFixture({ config: { ellisUrl: 'https://portal.example' } });
    await signedUp(api, ALICE);
    const reply = await api.ask('POST', '/session/', { body: { email: ALICE, password: 'correct horse' } });
    expect(reply.cookie).toContain('; Secure');
  });

  it('refuses a wrong password and an unknown account alike: 403', async () => {
    await signedUp(api, ALICE);
    const wrong = await api.ask('POST', '/session/', { body: { username: ALICE, password: 'x' } });
    const unknown = await api.ask('POST', '/session/', { body: { username: 'z@example.com', password: 'x' } }); // prettier-ignore
    expect([wrong.status, wrong.json]).toEqual([403, unknown.json]);
    expect(unknown.status).toBe(403);
    expect((await api.ask('POST', '/session/')).status).toBe(400);
  });

  it('slows down guessing, and the right password does not count', async () => {
    await signedUp(api, ALICE);
    const signIn = (password: string) =>
      api.ask('POST', '/session/', { body: { username: ALICE, password } });
    for (let tries = 0; tries < 15; tries++) expect((await signIn('correct horse')).status).toBe(201);
    for (let tries = 0; tries < 10; tries++) expect((await signIn('guess')).status).toBe(403);
    const late = await signIn('correct horse');
    expect([late.status, late.header('retry-after')]).toEqual([503, '6']);
    api.clock.advance(6_000);
    expect((await signIn('correct horse')).status).toBe(201);
  });

  it('says that it cannot be checked when the secret is not there: never 403', async () => {
    await signedUp(api, ALICE);
    const account = await api.lines.account(ALICE);
    await api.credentials.remove(account?.passwordVersion ?? '');
    const reply = await api.ask('POST', '/session/', {
      body: { username: ALICE, password: 'correct horse' },
    });
    expect(reply.status).toBe(503);
  });

  it('ends twelve hours after its last use, and by signing out', async () => {
    const cookie = await signedUp(api, ALICE);
    const get = () => api.ask('GET', '/session/', { as: cookie });
    const hour = 3_600_000;
    for (const _ of [1, 2, 3]) {
      api.clock.advance(11 * hour);
      expect((await get()).status).toBe(200);
    }
    api.clock.advance(13 * hour);
    expect((await get()).status).toBe(403);
    const next = cookieOf(await api.ask('POST', '/session/', { body: { username: ALICE, password: 'correct horse' } })); // prettier-ignore
    const out = await api.ask('DELETE', '/session/', { as: next });
    expect([out.status, out.cookie]).toEqual([204, 'session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0']);
    expect((await api.ask('GET', '/session/', { as: next })).status).toBe(403);
  });

  it('ends thirty days after it began, however it is used', async () => {
    const cookie = await signedUp(api, ALICE);
    const seen: number[] = [];
    for (let half = 0; half < 70; half++) {
      api.clock.advance(11 * 3_600_000);
      seen.push((await api.ask('GET', '/session/', { as: cookie })).status);
    }
    expect(seen.indexOf(403) * 11).toBeGreaterThan(29 * 24);
    expect(seen.indexOf(403) * 11).toBeLessThanOrEqual(30 * 24);
  });

  it('keeps no token, only its hash', async () => {
    const cookie = await signedUp(api, ALICE);
    const forged = cookie.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    expect((await api.ask('GET', '/session/', { as: forged })).status).toBe(403);
  });
});

describe('POST /accounts/<email>/password', () => {
  const path = accountPath(ALICE, 'password');
  const tokenIn = (link = ''): string => new URL(link).searchParams.get('token') ?? '';

  it('sends a mail and says 200, whether there is somebody or not', async () => {
    await signedUp(api, ALICE);
    expect([(await api.ask('POST', path)).status, api.mails.length]).toEqual([200, 1]);
    expect((await api.ask('POST', accountPath('z@example.com', 'password'))).json).toEqual({});
    expect(api.mails).toHaveLength(1);
    expect(api.mails[0]).toMatch(/^http:\/\/127\.0\.0\.1:0\/reset-password\?email=alice%40example\.com&token=[0-9a-z]{40}$/); // prettier-ignore
  });

  it('sets a password by the token, once, and ends all sessions', async () => {
    const cookie = await signedUp(api, ALICE);
    await api.ask('POST', path);
    const recovery_token = tokenIn(api.mails[0]);
    expect((await api.ask('POST', path, { body: { recovery_token, password: '12345' } })).status).toBe(400);
    const racing = await Promise.all(
      ['one one', 'two two', 'three three'].map((password) => api.ask('POST', path, { body: { recovery_token, password } })),
    );
    expect(racing.map(({ status }) => status).sort()).toEqual([200, 422, 422]);
    expect((await api.ask('GET', '/session/', { as: cookie })).status).toBe(403);
    expect((await api.ask('POST', '/session/', { body: { username: ALICE, password: 'correct horse' } })).status).toBe(403);
    expect((await api.ask('POST', path, { body: { recovery_token, password: 'four four' } })).status).toBe(422);
    expect(await api.events()).toContain(`account-${ALICE} AccountPasswordChanged`);
  }); // prettier-ignore

  it('leaves the token as it is when the password could not be kept', async () => {
    await signedUp(api, ALICE);
    await api.ask('POST', path);
    const body = { recovery_token: tokenIn(api.mails[0]), password: 'another one' };
    const refused = jest
      .spyOn(api.log, 'append')
      .mockRejectedValueOnce(new AppendRefused('the disk is full'));
    expect((await api.ask('POST', path, { body })).status).toBe(503);
    refused.mockRestore();
    expect((await api.ask('POST', path, { body })).status).toBe(200);
    expect((await api.ask('POST', path, { body })).status).toBe(422);
  });

  it('refuses a token of somebody else, a wrong one, and one that is a day old: 422', async () => {
    await signedUp(api, ALICE);
    await signedUp(api, 'bob@example.com');
    await api.ask('POST', path);
    const headers = { 'ngv-recovery-token': tokenIn(api.mails[0]) };
    const body = { password: 'another one' };
    expect((await api.ask('POST', accountPath('bob@example.com', 'password'), { body, headers })).status).toBe(422); // prettier-ignore
    expect((await api.ask('POST', path, { body, headers: { 'ngv-recovery-token': 'x' } })).status).toBe(422);
    api.clock.advance(24 * 3_600_000 + 1_000);
    expect((await api.ask('POST', path, { body, headers })).status).toBe(422);
  });

  it('is throttled: five mails at once, twenty recoveries: 503', async () => {
    for (let tries = 0; tries < 5; tries++) expect((await api.ask('POST', path)).status).toBe(200);
    const mail = await api.ask('POST', path);
    expect([mail.status, mail.header('retry-after')]).toEqual([503, '864']);
    const body = { recovery_token: 'x', password: 'correct horse' };
    for (let tries = 0; tries < 20; tries++) expect((await api.ask('POST', path, { body })).status).toBe(422);
    expect((await api.ask('POST', path, { body })).status).toBe(503);
  });

  it('changes it for who knows the one in force, and keeps that session only', async () => {
    const first = await signedUp(api, ALICE);
    const second = cookieOf(await api.ask('POST', '/session/', { body: { username: ALICE, password: 'correct horse' } })); // prettier-ignore
    const change = (current_password: string, as: string) =>
      api.ask('POST', path, { body: { current_password, password: 'battery staple' }, as });
    expect((await change('wrong', first)).status).toBe(403);
    const changed = await change('correct horse', first);
    expect(changed.status).toBe(200);
    const statuses = [cookieOf(changed), first, second].map((as) => api.ask('GET', '/session/', { as }));
    expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([200, 403, 403]);
    expect((await change('correct horse', second)).status).toBe(403);
  });
});

describe('DELETE /accounts/<email>/', () => {
  it('deletes its numbers, then itself: 204, and the address is free', async () => {
    const cookie = await signedUp(api, ALICE);
    const number = await newNumber(api, ALICE, cookie);
    const out = await api.ask('DELETE', accountPath(ALICE), { as: cookie });
    expect([out.status, out.cookie]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    expect(await api.lines.number(number)).toBeUndefined();
    expect(await api.profiles.identity(number)).toBeUndefined();
    expect((await api.ask('GET', '/session/', { as: cookie })).status).toBe(403);
    await signedUp(api, ALICE);
  });

  it('is 403 for somebody else, 404 for one that is not there', async () => {
    await signedUp(api, ALICE);
    const bob = await signedUp(api, 'bob@example.com');
    expect((await api.ask('DELETE', accountPath(ALICE), { as: bob })).status).toBe(403);
    expect((await api.ask('DELETE', accountPath('z@example.com'), { as: 'key' })).status).toBe(404);
    expect((await api.ask('DELETE', accountPath(ALICE), { as: 'key' })).status).toBe(204);
  });
});

describe('who asks', () => {
  it('is 403 without a session or a key, with a wrong key, and with none configured', async () => {
    await signedUp(api, ALICE);
    expect((await api.ask('GET', accountPath(ALICE))).status).toBe(403);
    const wrong = { 'ngv-api-key': 'another-key-of-these' };
    expect((await api.ask('GET', accountPath(ALICE), { headers: wrong })).status).toBe(403);
    expect((await api.ask('GET', accountPath(ALICE), { as: 'key' })).status).toBe(200);
    await api.close();
    api = await createEllisFixture({ config: { ellisApiKey: [] } });
    expect((await api.ask('GET', accountPath(ALICE), { as: 'key' })).status).toBe(403);
  });

  it.each([
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 204],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://portal.example', host: 'portal.example' }, 204],
    [{ origin: 'http://127.0.0.1:0' }, 204],
    [{}, 204],
  ])('a browser that says %j', async (headers, status) => {
    const cookie = await signedUp(api, ALICE);
    expect((await api.ask('DELETE', accountPath(ALICE), { as: cookie, headers })).status).toBe(status);
    if (status !== 403) return;
    const body = { ...BODY, email: 'bob@example.com' };
    expect((await api.ask('POST', '/accounts/', { body, headers })).status).toBe(403);
    expect((await api.ask('POST', '/session/', { body: { username: ALICE, password: 'correct horse' }, headers })).status).toBe(403); // prettier-ignore
    expect((await api.ask('GET', accountPath(ALICE), { as: cookie, headers })).status).toBe(200);
  });
});

describe('while the view is behind the log', () => {
  it('lets in who has an account and a session, and shows what is theirs', async () => {
    const cookie = await signedUp(api, ALICE);
    const number = await newNumber(api, ALICE, cookie);
    await api.lines.clear();
    expect((await api.ask('GET', '/session/', { as: cookie })).status).toBe(200);
    await api.lines.clear();
    const body = { username: ALICE, password: 'correct horse' };
    expect((await api.ask('POST', '/session/', { body })).status).toBe(201);
    const listed = accountPath(ALICE, 'numbers', number, 'listed');
    expect((await api.ask('GET', listed, { as: cookie })).status).toBe(200);
    await api.lines.clear();
    expect((await api.ask('GET', accountPath(ALICE), { as: 'key' })).status).toBe(200);
  });

  it('opens nothing any more with what another node has ended', async () => {
    const cookie = await signedUp(api, ALICE);
    // Of another node: appended, and not folded here yet.
    const data = { account: ALICE, by: ALICE, passwordVersion: 'password-other' };
    await api.credentials.put('password-other', { kind: 'password', account: ALICE, hash: 'hash of staple' });
    await api.log.append(`account-${ALICE}`, [{ type: 'AccountPasswordChanged', data }], { expected: 1 });
    const signIn = (password: string) => api.ask('POST', '/session/', { body: { username: ALICE, password } });
    expect((await signIn('staple')).status).toBe(201);
    expect((await signIn('correct horse')).status).toBe(403);
    expect((await api.ask('GET', '/session/', { as: cookie })).status).toBe(403);
  }); // prettier-ignore

  it('makes an account again that another node has deleted', async () => {
    await signedUp(api, ALICE);
    await api.log.append(`account-${ALICE}`, [{ type: 'AccountDeleted', data: { account: ALICE, by: ALICE } }], { expected: 1 });
    expect((await api.ask('POST', '/accounts/', { body: BODY })).status).toBe(201);
  }); // prettier-ignore

  it('says that it cannot tell when the log does not answer: 503, never 403 or 404', async () => {
    const cookie = await signedUp(api, ALICE);
    const number = await newNumber(api, ALICE, cookie);
    api.lines.catchUp = () => Promise.reject(new Error('no broker'));
    await api.lines.clear();
    const refused = [
      await api.ask('POST', '/session/', { body: { username: ALICE, password: 'correct horse' } }),
      await api.ask('GET', '/session/', { as: cookie }),
      await api.ask('GET', accountPath(ALICE), { as: 'key' }),
      await api.ask('GET', accountPath(ALICE, 'numbers', number, 'listed'), { as: cookie }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    expect(refused[0]?.header('retry-after')).toBe('5');
  });
});

it('GET /ping answers anybody, and GET /portal what the page has to know', async () => {
  const ping = await api.node.http.app.inject({ method: 'GET', url: '/ping' });
  expect([ping.statusCode, ping.body]).toEqual([200, 'OK']);
  expect((await api.ask('GET', '/portal')).json).toEqual({
    home_domain: 'ims.test',
    websockets: ['ws://127.0.0.1:5062'],
    password_length_min: 6,
    recovery_mail: true,
  });
});
