// The rows of backend.md §9 about numbers, each by name; what a fault leaves behind; and that nobody reaches what is somebody else's.
import { EllisConfig, SECOND_LOOK_MS } from '#apps/ellis';
import {
  accountPath,
  AWAY,
  createEllisFixture,
  type EllisFixture,
  KEY,
  type Method,
  newNumber,
  signedUp,
} from './ellis.fixture.js';

const ALICE = 'alice@example.com';
const BOB = 'bob@example.com';

let api: EllisFixture;
let alice: string;
beforeEach(async () => {
  api = await createEllisFixture();
  alice = await signedUp(api, ALICE);
});
afterEach(() => api.close());

const numbersOf = async (account: string, as: string) =>
  ((await api.ask('GET', accountPath(account, 'numbers'), { as })).json['numbers'] ?? []) as Record<string, unknown>[]; // prettier-ignore
/** What a timer began is done: so many turns of the event loop at most. */
const settled = async (isSo: () => Promise<boolean>): Promise<void> => {
  for (let turns = 0; turns < 200 && !(await isSo()); turns++)
    await new Promise((resolve) => setImmediate(resolve));
};
const at = (number: string, ...rest: string[]): string => accountPath(ALICE, 'numbers', number, ...rest);

describe('POST /accounts/<e>/numbers/', () => {
  it('gives a number of the pool that works, and its password this once', async () => {
    const { status, json } = await api.ask('POST', accountPath(ALICE, 'numbers'), { as: alice });
    const { sip_uri, sip_password, number_id, ...rest } = json;
    const user = String(rest['number']);
    expect(status).toBe(200);
    expect(user).toMatch(/^6505550\d{3}$/);
    expect(rest).toEqual({
      sip_username: user,
      number: user,
      formatted_number: `(650) 555-0${user.slice(7)}`,
      domain: 'ims.test',
      pstn: false,
      gab_listed: false,
      private_id: `${user}@ims.test`,
    });
    expect([sip_uri, typeof number_id]).toEqual([`sip:${user}@ims.test`, 'string']);
    expect(sip_password).toMatch(/^[0-9a-z]{12}$/);
    expect(await numbersOf(ALICE, alice)).toEqual([{ sip_uri, number_id, ...rest }]);
    const served = await api.profiles.identity(String(sip_uri));
    expect([...(served?.privateIds ?? [])]).toEqual([`${user}@ims.test`]);
    expect(await api.documents.xml(`${String(sip_uri)}/org.etsi.ngn.simservs`)).toContain(
      '<NoReplyTimer>30<',
    );
  });

  it('shares a private identity of the account, without another password', async () => {
    const first = (await api.ask('POST', accountPath(ALICE, 'numbers'), { as: alice })).json;
    const body = { private_id: first['private_id'] };
    const second = (await api.ask('POST', accountPath(ALICE, 'numbers'), { as: alice, body })).json;
    expect(second['private_id']).toBe(first['private_id']);
    expect(second).not.toHaveProperty('sip_password');
    const both = await api.provisioning.publicIdsOfPrivate(String(first['private_id']));
    expect(both.body.associated_public_ids).toHaveLength(2);
    const bob = await signedUp(api, BOB);
    const foreign = await api.ask('POST', accountPath(BOB, 'numbers'), { as: bob, body });
    expect(foreign.status).toBe(403);
  });

  it('is 503 when the pool is empty, 403 when the account has enough', async () => {
    await api.close();
    api = await createEllisFixture({ config: { numberRanges: ['100-102'], numbersPerAccountMax: 2 } });
    alice = await signedUp(api, ALICE);
    const bob = await signedUp(api, BOB);
    const post = (account: string, as: string) => api.ask('POST', accountPath(account, 'numbers'), { as });
    expect([(await post(ALICE, alice)).status, (await post(ALICE, alice)).status]).toEqual([200, 200]);
    expect((await post(ALICE, alice)).status).toBe(403);
    expect((await post(BOB, bob)).status).toBe(200);
    const empty = await post(BOB, bob);
    expect([empty.status, empty.header('retry-after')]).toEqual([503, '60']);
    // What is given back can be had again.
    const [{ sip_uri } = {}] = await numbersOf(ALICE, alice);
    expect((await api.ask('DELETE', at(String(sip_uri)), { as: alice })).status).toBe(200);
    expect((await post(BOB, bob)).json['sip_uri']).toBe(sip_uri);
  });

  it('counts who asks for many at once one by one', async () => {
    await api.close();
    api = await createEllisFixture({ config: { numberRanges: ['100-199'], numbersPerAccountMax: 3 } });
    alice = await signedUp(api, ALICE);
    const all = await Promise.all(
      Array.from({ length: 20 }, () => api.ask('POST', accountPath(ALICE, 'numbers'), { as: alice })),
    );
    expect(all.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(all.filter(({ status }) => status === 403)).toHaveLength(17);
  });

  it('takes numbers of the public network from their own pool', async () => {
    const path = accountPath(ALICE, 'numbers');
    expect((await api.ask('POST', path, { as: alice, body: { pstn: true } })).status).toBe(503);
    expect((await api.ask('POST', path, { as: alice, body: { pstn: 'maybe' } })).status).toBe(400);
    await api.close();
    api = await createEllisFixture({ config: { pstnNumberRanges: ['+15108580000-+15108580000'] } });
    alice = await signedUp(api, ALICE);
    const made = await api.ask('POST', `${path}?pstn=true`, { as: alice });
    expect(made.json).toMatchObject({ sip_uri: 'sip:+15108580000@ims.test', pstn: true, formatted_number: '+1 (510) 858-0000' }); // prettier-ignore
  });

  it('never takes over what somebody else provisioned under a number of the pool', async () => {
    await api.close();
    api = await createEllisFixture({ config: { numberRanges: ['100-101'] } });
    alice = await signedUp(api, ALICE);
    const impi = '100@ims.test';
    await api.provisioning.provisionSubscriber({ impi, impus: ['sip:100@ims.test'], password: 'theirs' });
    const before = await api.profiles.credential(impi);
    expect(await newNumber(api, ALICE, alice)).toBe('sip:101@ims.test');
    expect((await api.ask('POST', accountPath(ALICE, 'numbers'), { as: alice })).status).toBe(503);
    expect(await api.profiles.credential(impi)).toEqual(before);
    expect(await api.profiles.identity('sip:100@ims.test')).toBeDefined();
  });
});

describe('POST /accounts/<e>/numbers/<sip uri>/', () => {
  const NAMED = 'sip:carol.special@ims.test';

  it('adds a number that is named, for the key only', async () => {
    expect((await api.ask('POST', at(NAMED), { as: alice })).status).toBe(403);
    expect((await api.ask('POST', at('mailto:x@ims.test'), { as: 'key' })).status).toBe(400);
    const made = await api.ask('POST', at(NAMED), { as: 'key' });
    expect(made.json).toMatchObject({ sip_uri: NAMED, private_id: 'carol.special@ims.test' });
    expect(made.json).toHaveProperty('sip_password');
    expect((await api.ask('POST', at(NAMED), { as: 'key' })).status).toBe(409);
    expect(await numbersOf(ALICE, alice)).toHaveLength(1);
  });

  it('takes a private identity, new or shared', async () => {
    const body = { private_id: 'phone@ims.test', new_private_id: 'true' };
    const first = await api.ask('POST', at(NAMED), { as: 'key', body });
    expect(first.json).toMatchObject({ private_id: 'phone@ims.test', sip_password: expect.any(String) as string }); // prettier-ignore
    const second = await api.ask('POST', at('sip:second@ims.test'), { as: 'key', body: { private_id: 'phone@ims.test' } }); // prettier-ignore
    expect(second.status).toBe(200);
    expect(second.json).not.toHaveProperty('sip_password');
  });

  it('is 409 where there is a subscriber of that name, who keeps what he has', async () => {
    const impi = 'dave@ims.test';
    await api.provisioning.provisionSubscriber({ impi, impus: ['sip:dave@ims.test'], password: 'theirs' });
    const before = await api.profiles.credential(impi);
    expect((await api.ask('POST', at('sip:dave@ims.test'), { as: 'key' })).status).toBe(409);
    expect(await api.profiles.credential(impi)).toEqual(before);
    expect(await api.lines.number('sip:dave@ims.test')).toBeUndefined();
  });
});

describe('DELETE /accounts/<e>/numbers/<sip uri>/', () => {
  it('takes the line away: 200 {}', async () => {
    const number = await newNumber(api, ALICE, alice);
    const gone = await api.ask('DELETE', at(number), { as: alice });
    expect([gone.status, gone.json]).toEqual([200, {}]);
    expect(await api.profiles.identity(number)).toBeUndefined();
    expect(await api.profiles.credential(number.slice(4))).toBeUndefined();
    expect(await api.documents.xml(`${number}/org.etsi.ngn.simservs`)).toBeUndefined();
    expect((await api.ask('DELETE', at(number), { as: alice })).status).toBe(404);
    expect(api.sprout.asked).toEqual(['DELETE /registrations?send-notifications=true']);
  });

  it('gives the number back once its phones are registered no more', async () => {
    const number = await newNumber(api, ALICE, alice);
    api.sprout.fails = () => AWAY;
    expect((await api.ask('DELETE', at(number), { as: alice })).status).toBe(502);
    expect(await api.events()).not.toContain(`number-${number} NumberReleased`);
    delete api.sprout.fails;
    expect((await api.ask('DELETE', at(number), { as: alice })).status).toBe(200);
  });

  it('keeps the default number of a private identity that others share: 409', async () => {
    const first = await newNumber(api, ALICE, alice);
    const body = { private_id: first.slice(4) };
    const second = String((await api.ask('POST', accountPath(ALICE, 'numbers'), { as: alice, body })).json['sip_uri']); // prettier-ignore
    expect((await api.ask('DELETE', at(first), { as: alice })).status).toBe(409);
    expect((await api.ask('DELETE', at(second), { as: alice })).status).toBe(200);
    expect(await api.profiles.credential(first.slice(4))).toBeDefined();
    expect((await api.ask('DELETE', at(first), { as: alice })).status).toBe(200);
    expect(await api.profiles.credential(first.slice(4))).toBeUndefined();
  });
});

describe('what belongs to a number', () => {
  let number: string;
  beforeEach(async () => {
    number = await newNumber(api, ALICE, alice);
  });

  it('POST …/password gives another one', async () => {
    const before = await api.profiles.credential(number.slice(4));
    const { json } = await api.ask('POST', at(number, 'password'), { as: alice });
    expect(json['sip_password']).toMatch(/^[0-9a-z]{12}$/);
    expect((await api.profiles.credential(number.slice(4)))?.version).not.toBe(before?.version);
    let text = '';
    for await (const { event } of api.log.readAll(['provisioning', 'accounts'], 'oldest'))
      text += JSON.stringify(event);
    expect(text).not.toContain(json['sip_password']);
  });

  it('GET and PUT …/simservs, by entity tag', async () => {
    const read = await api.ask('GET', at(number, 'simservs'), { as: alice });
    expect([read.status, read.header('content-type')]).toEqual([200, 'application/vnd.etsi.simservs+xml; charset=utf-8']); // prettier-ignore
    const body = read.text.replace('<NoReplyTimer>30', '<NoReplyTimer>20');
    const headers = { 'content-type': 'application/xml' };
    const match = { ...headers, 'if-match': read.header('etag') ?? '' };
    const put = (text: string, with_: Record<string, string>) => api.ask('PUT', at(number, 'simservs'), { as: alice, body: text, headers: with_ }); // prettier-ignore
    expect([(await put(body, match)).status, (await put(body, match)).status]).toEqual([200, 412]);
    expect((await put(body, headers)).json).toEqual({});
    expect((await api.ask('GET', at(number, 'simservs'), { as: alice })).text).toBe(body);
    for (const bad of ['', '<x', '<simservs/>', body.replace('20', 'soon')])
      expect([bad.slice(0, 9), (await put(bad, headers)).status]).toEqual([bad.slice(0, 9), 400]);
  });

  it('GET and PUT …/ifcs', async () => {
    const read = await api.ask('GET', at(number, 'ifcs'), { as: alice });
    expect(read.text).toContain('<ServerName>sip:mmtel.ims.test</ServerName>');
    const headers = { 'content-type': 'application/xml' };
    const put = (body: string) => api.ask('PUT', at(number, 'ifcs'), { as: alice, body, headers });
    expect((await put('<ServiceProfile/>')).json).toEqual({});
    expect((await api.ask('GET', at(number, 'ifcs'), { as: alice })).text).toBe('<ServiceProfile/>');
    const bad = await put(
      '<ServiceProfile><InitialFilterCriteria><Priority>x</Priority></InitialFilterCriteria></ServiceProfile>',
    );
    expect([bad.status, bad.json['reason']]).toEqual([400, expect.stringContaining('criteria')]);
  });

  it('GET …/listed, PUT …/listed/0|1 and the address book', async () => {
    const bob = await signedUp(api, BOB);
    const book = async () => (await api.ask('GET', '/gab', { as: bob })).json;
    expect([(await api.ask('GET', '/gab')).status, await book()]).toEqual([403, { contacts: [] }]);
    expect((await api.ask('PUT', at(number, 'listed', '1'), { as: alice })).json).toEqual({});
    expect(await book()).toEqual({
      contacts: [{ email: ALICE, full_name: 'alice', numbers: [number] }],
    });
    expect((await api.ask('GET', '/1/gab', { as: 'key' })).status).toBe(200);
    expect((await api.ask('GET', at(number, 'listed'), { as: alice })).json).toEqual({ listed: true });
    expect((await api.ask('PUT', at(number, 'listed', '2'), { as: alice })).status).toBe(404);
    await api.ask('PUT', at(number, 'listed', '0'), { as: alice });
    expect(await book()).toEqual({ contacts: [] });
  });

  it('is out of the reach of any other account, by every path', async () => {
    const bob = await signedUp(api, BOB);
    const operations: [Method, string[]][] = [
      ['GET', []],
      ['DELETE', []],
      ['POST', []],
      ['POST', ['password']],
      ['GET', ['simservs']],
      ['PUT', ['simservs']],
      ['GET', ['ifcs']],
      ['PUT', ['ifcs']],
      ['GET', ['listed']],
      ['PUT', ['listed', '1']],
    ];
    const names = [number, number.toUpperCase(), number.replace('sip:', 'SIP:'), `${number};x=y`, `${number}/`, `../${ALICE}/numbers/${number}`]; // prettier-ignore
    const before = await api.events();
    for (const [method, rest] of operations) {
      for (const name of names) {
        if (method === 'GET' && rest.length === 0) continue;
        const foreign = await api.ask(method, accountPath(ALICE, 'numbers', name, ...rest), { as: bob });
        expect([method, rest, name, foreign.status]).toEqual([method, rest, name, 403]);
        const own = await api.ask(method, accountPath(BOB, 'numbers', name, ...rest), { as: bob });
        // Naming a number is refused before it is looked at.
        const expected = method === 'POST' && rest.length === 0 ? 403 : 404;
        expect([method, rest, name, own.status]).toEqual([method, rest, name, expected]);
        expect((await api.ask(method, accountPath(ALICE, 'numbers', name, ...rest))).status).toBe(403);
      }
    }
    for (const path of [accountPath(ALICE), accountPath(ALICE, 'numbers'), accountPath(ALICE.toUpperCase())])
      expect((await api.ask('GET', path, { as: bob })).status).toBe(403);
    expect((await api.ask('POST', accountPath(ALICE, 'numbers'), { as: bob })).status).toBe(403);
    expect(await api.events()).toEqual(before);
    expect(await numbersOf(ALICE, alice)).toHaveLength(1);
  });
});

describe('GET /accounts/<e>/numbers/', () => {
  it('gives back what Homestead Prov does not know any more, at a second look', async () => {
    const number = await newNumber(api, ALICE, alice);
    const irs = (await api.profiles.identity(number))?.irs ?? '';
    await api.provisioning.deleteSet(irs);
    expect(await numbersOf(ALICE, alice)).toEqual([]);
    expect((await api.events()).at(-1)).toBe(`number-${number} NumberProvisioned`);
    api.clock.advance(SECOND_LOOK_MS);
    await settled(async () => (await api.lines.number(number)) === undefined);
    expect((await api.events()).at(-1)).toBe(`number-${number} NumberReleased`);
  });

  it('takes nothing away when Homestead Prov was behind for a moment', async () => {
    const number = await newNumber(api, ALICE, alice);
    const behind = JSON.stringify({ reason: 'no such public identity' });
    api.prov.fails = () => ({ status: 404, headers: {}, body: behind });
    expect(await numbersOf(ALICE, alice)).toEqual([]);
    delete api.prov.fails;
    const asked = api.prov.asked.length;
    api.clock.advance(SECOND_LOOK_MS);
    await settled(() => Promise.resolve(api.prov.asked.length > asked));
    expect(await numbersOf(ALICE, alice)).toHaveLength(1);
    expect((await api.events()).at(-1)).toBe(`number-${number} NumberProvisioned`);
  });

  it.each([
    ['is away', AWAY],
    ['is another server', { status: 404, headers: {}, body: '<html>no such page</html>' }],
    ['has a fault', { status: 500, headers: {}, body: '' }],
  ])('is 502, and takes nothing away, when Homestead Prov %s', async (_what, failure) => {
    const number = await newNumber(api, ALICE, alice);
    api.prov.fails = () => failure;
    const reply = await api.ask('GET', accountPath(ALICE, 'numbers'), { as: alice });
    expect([reply.status, reply.json['detail']]).toEqual([
      502,
      { 'Upstream error': expect.any(String) as string, 'Upstream URL': expect.stringContaining('/public/') as string },
    ]);
    expect((await api.lines.number(number))?.account).toBe(ALICE);
  }); // prettier-ignore
});

describe('when a neighbour fails', () => {
  /** Every request that making a line takes, one after the other. */
  const steps = async (): Promise<number> => {
    await newNumber(api, ALICE, alice);
    return api.prov.asked.length + api.homer.asked.length;
  };
  const leftOver = async (): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const line of api.lines.numbers()) found.push(line);
    for await (const set of api.profiles.sets()) found.push(set);
    for await (const credential of api.profiles.credentialsInForce()) found.push(credential);
    return found;
  };

  it('a line is backed out, whichever step fails: 502, and nothing is left', async () => {
    const count = await steps();
    expect(count).toBeGreaterThan(8);
    const [line] = await numbersOf(ALICE, alice);
    await api.ask('DELETE', at(String(line?.['sip_uri'])), { as: alice });
    for (let step = 1; step <= count; step++) {
      let asked = 0;
      const fails = () => (++asked === step ? AWAY : undefined);
      api.prov.fails = fails;
      api.homer.fails = fails;
      const reply = await api.ask('POST', accountPath(ALICE, 'numbers'), { as: alice });
      expect([step, reply.status, await leftOver()]).toEqual([step, 502, []]);
    }
  });

  it('what could not be backed out is finished at a start', async () => {
    let asked = 0;
    api.prov.fails = () => (++asked > 5 ? AWAY : undefined);
    expect((await api.ask('POST', accountPath(ALICE, 'numbers'), { as: alice })).status).toBe(502);
    expect(await leftOver()).not.toEqual([]);
    expect(await numbersOf(ALICE, alice)).toEqual([]);
    await api.close();
    api = await createEllisFixture({ kept: api });
    expect(await leftOver()).toEqual([]);
    expect((await api.events()).at(-1)).toMatch(/NumberReleased$/);
  });

  it('a deletion that failed can be tried again, and an account stays until its numbers are gone', async () => {
    await newNumber(api, ALICE, alice);
    api.homer.fails = () => AWAY;
    expect((await api.ask('DELETE', accountPath(ALICE), { as: alice })).status).toBe(502);
    delete api.homer.fails;
    expect((await api.ask('DELETE', accountPath(ALICE), { as: alice })).status).toBe(204);
    expect(await leftOver()).toEqual([]);
  });
});

it('deletes accounts past their end with their numbers, at a start, and sweeps passwords that nobody has named for as long as they are kept', async () => {
  const body = { email: BOB, password: 'correct horse', full_name: 'Bob', signup_code: 'secret-code', expires: 1 };
  await api.ask('POST', '/accounts', { body });
  const number = await newNumber(api, BOB, 'key');
  await api.credentials.put('password-nobody', { kind: 'password', account: 'z@example.com', hash: 'x' });
  const kept = { log: api.log, credentials: api.credentials };
  const restartAfter = async (days: number): Promise<void> => {
    await api.close();
    api = await createEllisFixture({ kept, startMs: 1_767_225_600_000 + days * 86_400_000 });
  };
  await restartAfter(2);
  expect([await api.lines.account(BOB), await api.lines.number(number)]).toEqual([undefined, undefined]);
  expect(await api.credentials.get('password-nobody')).toBeDefined();
  await restartAfter(6);
  expect(await api.credentials.get('password-nobody')).toBeDefined();
  await restartAfter(10);
  expect(await api.credentials.get('password-nobody')).toBeUndefined();
  expect(await api.lines.account(ALICE)).toBeDefined();
  expect((await api.ask('POST', '/session', { body: { username: ALICE, password: 'correct horse' } })).status).toBe(201);
}); // prettier-ignore

it('has answers for everything that its document promises', async () => {
  const paths = Object.keys((api.node.http.openApi() as { paths: object }).paths);
  expect(paths).toContain('/accounts/{account}/numbers/{number}/simservs');
  expect(paths.length).toBeGreaterThan(12);
  expect(new EllisConfig().ellisPort).toBe(8080);
  expect(KEY).toHaveLength(20);
});
