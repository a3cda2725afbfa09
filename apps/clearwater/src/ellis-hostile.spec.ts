// Ellis and people who mean harm, or do two things at once: scripts in documents, guesses from many addresses, endless names, an account deleted
// while its line is made.
import { jest } from '@jest/globals';
import {
  accountPath,
  CODE,
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
const PASSWORD = 'correct horse';
const signIn = (username: string, password: string, from = '') =>
  api.ask('POST', '/session/', {
    body: { username, password },
    headers: from === '' ? {} : { 'x-forwarded-for': from },
  });

it('lets no script run in what people wrote, whoever opens it', async () => {
  const cookie = await signedUp(api, ALICE);
  const number = await newNumber(api, ALICE, cookie);
  const script = '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>';
  const body = `<ServiceProfile><Extension>${script}</Extension></ServiceProfile>`;
  const own = accountPath(ALICE, 'numbers', number, 'ifcs');
  const headers = { 'content-type': 'application/xml' };
  expect((await api.ask('PUT', own, { as: cookie, body, headers })).status).toBe(200);
  const operators = `/operator/subscribers/${encodeURIComponent(number)}/ifcs`;
  for (const [at, as] of [[own, cookie], [operators, 'key'], [operators, cookie]] as const) {
    const reply = await api.ask('GET', at, { as });
    expect(reply.header('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'; sandbox");
    expect(reply.header('x-content-type-options')).toBe('nosniff');
  }
}); // prettier-ignore

describe('guessing', () => {
  it('is one guesser who has a network of IPv6 addresses', async () => {
    await signedUp(api, ALICE);
    for (let n = 1; n <= 10; n++)
      expect((await signIn(ALICE, 'guess', `2001:db8:7:1::${n.toString(16)}`)).status).toBe(403);
    expect((await signIn(ALICE, PASSWORD, '2001:db8:7:1:ffff:1:2:3')).status).toBe(503);
    expect((await signIn(ALICE, PASSWORD, '2001:db8:7:2::1')).status).toBe(201);
    expect((await signIn(ALICE, PASSWORD, '192.0.2.1')).status).toBe(201);
  });

  it('keeps nothing of a name that nobody can have, and does not ask for it', async () => {
    const read = jest.spyOn(api.log, 'read');
    for (const name of [
      `${'a'.repeat(250_000)}@example.com`,
      'no\nline@example.com',
      '__proto__',
      'a/b@c.d',
    ]) {
      const { status, json } = await signIn(name, PASSWORD);
      expect([status, json['reason']]).toEqual([403, 'address or password is wrong']);
    }
    expect(read).not.toHaveBeenCalled();
  });
});

it('bounds how often somebody signs in, with the right password too', async () => {
  await signedUp(api, ALICE);
  const statuses = new Set<number>();
  for (let n = 0; n < 59; n++) statuses.add((await signIn(ALICE, PASSWORD)).status);
  expect([...statuses]).toEqual([201]);
  expect((await signIn(ALICE, PASSWORD)).status).toBe(503);
  await signedUp(api, 'bob@example.com');
  api.clock.advance(2_000);
  expect((await signIn(ALICE, PASSWORD)).status).toBe(201);
});

it('leaves nobody a line whose account was deleted while it was made', async () => {
  await signedUp(api, ALICE);
  const [gone, ...made] = await Promise.all([
    api.ask('DELETE', accountPath(ALICE), { as: 'key' }),
    ...[1, 2, 3].map(() => api.ask('POST', accountPath(ALICE, 'numbers'), { as: 'key' })),
  ]);
  expect([gone.status, ...made.map(({ status }) => status)]).toEqual([204, 404, 404, 404]);
  const left: string[] = [];
  for await (const { number } of api.lines.numbers()) left.push(number);
  expect(left).toEqual([]);
  const taken = (await api.events()).filter((event) => event.endsWith('NumberAllocated'));
  const released = (await api.events()).filter((event) => event.endsWith('NumberReleased'));
  expect([taken.length > 0, released.length]).toEqual([true, taken.length]);
});

it('takes a line away once, however many ask at once', async () => {
  const cookie = await signedUp(api, ALICE);
  const number = await newNumber(api, ALICE, cookie);
  const at = accountPath(ALICE, 'numbers', number);
  const deletes = await Promise.all([1, 2, 3].map(() => api.ask('DELETE', at, { as: cookie })));
  expect(deletes.map(({ status }) => status)).toEqual([200, 404, 404]);
  const asked = api.prov.asked.filter((one) => one.startsWith('DELETE /private/'));
  expect(asked).toHaveLength(1);
});

it('refuses a private identity that is no text before it takes the number', async () => {
  await signedUp(api, ALICE);
  const at = accountPath(ALICE, 'numbers', 'sip:4000@ims.test');
  const body = `{"private_id":"a\\ud800","new_private_id":true}`;
  const headers = { 'content-type': 'application/json' };
  expect((await api.ask('POST', at, { as: 'key', body, headers })).status).toBe(400);
  expect(await api.lines.number('sip:4000@ims.test')).toBeUndefined();
});

it('reads a form whatever the case of its type (RFC 9110 §8.3.1)', async () => {
  const body = new URLSearchParams({ email: ALICE, password: PASSWORD, full_name: 'A', signup_code: CODE });
  const headers = { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=utf-8' };
  expect((await api.ask('POST', '/accounts/', { body: body.toString(), headers })).status).toBe(201);
});
