// RFC 4825 over HTTP: its operations, conflicts and the flow of its examples, each test named by its section.
import { conflictIn, createHomerFixture, type HomerFixture, type Method, TYPES } from './homer.fixture.js';

let homer: HomerFixture;
beforeEach(async () => {
  homer = await createHomerFixture();
});
afterEach(() => homer.close());

const BILL = '/resource-lists/users/sip:bill@example.com/index';
const ALICE = '/simservs.ngn.etsi.org/users/sip:alice@ims.test/simservs.xml';
const OLDER = '/org.etsi.ngn.simservs/users/sip%3Aalice%40ims.test/simservs.xml';
const NS = 'urn:ietf:params:xml:ns:resource-lists';
const LISTS = `<?xml version="1.0" encoding="UTF-8"?>
<resource-lists xmlns="${NS}">
  <list name="friends">
  </list>
</resource-lists>`;
const SS = 'http://uri.etsi.org/ngn/params/xml/simservs/xcap';
const simservs = (inner = ''): string =>
  `<simservs xmlns="${SS}" xmlns:cp="urn:ietf:params:xml:ns:common-policy">${inner}</simservs>`;
const FRIENDS = '~~/resource-lists/list%5b@name=%22friends%22%5d';

const put = (url: string, body: string | Buffer, type = TYPES.lists, headers: Record<string, string> = {}) =>
  homer.ask('PUT', url, { body, type, headers });
const putLists = () => put(BILL, LISTS);
const element = (node: string, body: string) => put(`${BILL}/${node}`, body, TYPES.el);
const statusOf = async (method: Method, url: string, headers: Record<string, string> = {}) =>
  (await homer.ask(method, url, { headers })).status;

it('§13: the flow of the examples', async () => {
  const made = await putLists();
  expect(made).toMatchObject({ status: 201, etag: '"1"', text: '', headers: { location: BILL } });
  const bob = '<entry uri="sip:bob@example.com">\n      <display-name>Bob Jones</display-name>\n    </entry>';
  expect(await element(`${FRIENDS}/entry`, bob)).toMatchObject({ status: 201, etag: '"2"' });
  const all = await homer.ask('GET', BILL);
  expect(all).toMatchObject({ status: 200, etag: '"2"', type: TYPES.lists });
  expect(all.text).toBe(LISTS.replace('  </list>', `  ${bob}</list>`));
  const close = `<list name="close-friends">
      <entry uri="sip:joe@example.com"><display-name>Joe Smith</display-name></entry>
      <entry uri="sip:nancy@example.com"><display-name>Nancy Gross</display-name></entry>
      <entry uri="sip:petri@example.com"><display-name>Petri Aukia</display-name></entry>
   </list>`;
  expect((await element(`${FRIENDS}/list%5b@name=%22close-friends%22%5d`, close)).status).toBe(201);
  const petri = `${BILL}/~~/resource-lists/list/list/entry%5b@uri=%22sip:petri@example.com%22%5d`;
  expect(await homer.ask('DELETE', petri)).toMatchObject({ status: 200, etag: '"4"' });
  expect(await homer.ask('GET', `${BILL}/~~/resource-lists/list/list/entry%5b2%5d/@uri`)).toMatchObject({ status: 200, type: 'application/xcap-att+xml', text: '"sip:nancy@example.com"', etag: '"4"' });
  expect(await homer.events()).toEqual(Array.from({ length: 4 }, () => 'DocumentChanged'));
}); // prettier-ignore

describe('§7, §8 documents', () => {
  it('§7.1–7.3: made, replaced, shown, removed', async () => {
    expect(await statusOf('GET', BILL)).toBe(404);
    expect((await putLists()).status).toBe(201);
    expect(await putLists()).toMatchObject({ status: 200, etag: '"1"', text: '' });
    expect((await put(BILL, `<resource-lists xmlns="${NS}"/>`)).etag).toBe('"2"');
    expect(await homer.ask('HEAD', BILL)).toMatchObject({ status: 200, etag: '"2"', text: '' });
    expect(await statusOf('DELETE', BILL)).toBe(200);
    expect([await statusOf('DELETE', BILL), await statusOf('GET', BILL)]).toEqual([404, 404]);
    expect(await putLists()).toMatchObject({ status: 201, etag: '"4"' });
  });

  it('keeps every byte, a byte order mark and other alphabets too', async () => {
    const body = `\ufeff<?xml version='1.0'?>\r\n<!-- é -->${LISTS.slice(39).replace('friends', 'друзья 😀')}\n`;
    expect((await put(BILL, body)).status).toBe(201);
    expect((await homer.ask('GET', BILL)).text).toBe(body);
  });

  it('§8: what is not understood or not known is 404', async () => {
    for (const url of ['/nothing/users/sip:bill@example.com/index', '/resource-lists/global/index', '/resource-lists/others/x/index', '/resource-lists', '/', BILL.replace('bill@', 'nobody@'), BILL.replace('sip:', 'mailto:'), `${BILL}/~~/id(%22x%22)`, `${BILL}/~~/x/text()`]) {
      expect([url, await statusOf('GET', url)]).toEqual([url, 404]);
      expect([url, (await put(url, LISTS)).status]).toEqual([url, 404]);
    }
    expect(await homer.events()).toEqual([]);
  }); // prettier-ignore

  it('§8: 400 for a prefix that the query does not declare, and for a query that is none', async () => {
    await putLists();
    expect(await statusOf('GET', `${BILL}/~~/p:resource-lists`)).toBe(400);
    expect(await statusOf('GET', `${BILL}/~~/p:resource-lists?xmlns(p=${NS})`)).toBe(200);
    expect(await statusOf('GET', `${BILL}/~~/resource-lists?nonsense`)).toBe(400);
    expect(await statusOf('GET', `${BILL}/%zz`)).toBe(400);
  });

  it('§8.1: POST is 405', async () => {
    for (const method of ['POST', 'PATCH'] as const)
      expect(await homer.ask(method, BILL)).toMatchObject({ status: 405, headers: { allow: 'DELETE, GET, PUT' } }); // prettier-ignore
  });

  it('§8.2.1: no-parent, no directory but the home is there', async () => {
    const below = await put(BILL.replace('index', 'a/b'), LISTS);
    expect([below.status, conflictIn(below.text)]).toEqual([409, 'no-parent']);
    expect(below.text).toContain('<ancestor>/resource-lists/users/sip:bill@example.com/</ancestor>');
    expect(conflictIn((await put(BILL.replace('index', 'other'), LISTS)).text)).toBe('constraint-failure');
    expect(await statusOf('DELETE', BILL.replace('index', 'other'))).toBe(404);
  });

  it.each([
    ['not-well-formed', '<resource-lists>'],
    ['not-well-formed', ''],
    ['not-well-formed', `<!DOCTYPE resource-lists>${LISTS}`],
    ['not-utf-8', Buffer.from([...Buffer.from(`<resource-lists xmlns="${NS}"><!-- `), 0xff, ...Buffer.from(' --></resource-lists>')])],
    ['not-utf-8', Buffer.from(`\ufeff${LISTS}`, 'utf16le')],
    ['not-utf-8', LISTS.replace('UTF-8', 'ISO-8859-1')],
    ['schema-validation-error', '<resource-lists/>'],
    ['schema-validation-error', `<resource-lists xmlns="${NS}"><entry uri="sip:a@b"/></resource-lists>`],
    ['schema-validation-error', `<resource-lists xmlns="${NS}"><list><entry/></list></resource-lists>`],
    ['uniqueness-failure', `<resource-lists xmlns="${NS}"><list name="a"/><list name="a"/></resource-lists>`],
    ['constraint-failure', `<resource-lists xmlns="${NS}"><list><entry uri="bob"/></list></resource-lists>`],
    ['constraint-failure', `<resource-lists xmlns="${NS}"><list><external anchor="ftp://x"/></list></resource-lists>`],
    ['constraint-failure', `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`],
  ])('§8.2.2, §8.2.5, §11: %s', async (kind, body) => {
    const answer = await put(BILL, body);
    expect([answer.status, answer.type, conflictIn(answer.text)]).toEqual([409, 'application/xcap-error+xml', kind]);
    expect(await homer.events()).toEqual([]);
  }); // prettier-ignore

  it('§11.1: tells what is not unique and what is free', async () => {
    const { text } = await put(BILL, `<resource-lists xmlns="${NS}"><list name="a"/><list name="a-2"/><list name="a"/></resource-lists>`);
    expect(text).toContain('<exists field="resource-lists/*%5b3%5d/@name"><alt-value>a-3</alt-value></exists>');
  }); // prettier-ignore

  it('§11.1: tells of a document of nothing but twins in a bounded time, and a bounded part of it', async () => {
    const entries = '<entry uri="sip:a@b"/>'.repeat(1_900);
    const body = `<resource-lists xmlns="${NS}"><list>${entries}</list></resource-lists>`;
    const { text } = await put(BILL, body);
    expect([conflictIn(text), text.split('<exists').length - 1]).toEqual(['uniqueness-failure', 100]);
    expect(text).toContain('<alt-value>sip:a@b-2</alt-value>');
  });

  it('§8.2.2: 415 for another type', async () => {
    expect((await put(BILL, LISTS, 'application/xml')).status).toBe(415);
    await putLists();
    expect((await put(`${BILL}/${FRIENDS}/list`, '<list/>', TYPES.lists)).status).toBe(415);
    expect((await put(`${BILL}/${FRIENDS}/@name`, '"x"', TYPES.el)).status).toBe(415);
  });

  it('413 for a body that is longer than any document', async () => {
    expect((await put(BILL, 'x'.repeat(300_001))).status).toBe(413);
    expect(conflictIn((await put(BILL, `${LISTS}${' '.repeat(100_000)}`)).text)).toBe('constraint-failure');
  });
});

describe('§7.4–7.10, §8.2–8.4 elements, attributes and namespaces', () => {
  beforeEach(putLists);

  it('§8.2.1: no parent, with the closest ancestor', async () => {
    const answer = await element(`${FRIENDS}/list%5b@name=%22x%22%5d/entry`, '<entry uri="sip:a@b"/>');
    expect([answer.status, conflictIn(answer.text)]).toEqual([409, 'no-parent']);
    const [, ancestor = ''] = /<ancestor>(.*)<\/ancestor>/.exec(answer.text) ?? [];
    expect(await homer.ask('GET', ancestor)).toMatchObject({ status: 200, type: 'application/xcap-el+xml' });
    const none = await put(
      `${BILL.replace('bill@example.com', 'bob@ims.test')}/~~/resource-lists`,
      '<a/>',
      TYPES.el,
    );
    expect(conflictIn(none.text)).toBe('no-parent');
  });

  it.each([
    ['§7.4 cannot-insert', 'PUT', `${FRIENDS}/entry%5b@uri=%22sip:good@b%22%5d`, '<entry uri="sip:bad@b"/>', TYPES.el, 'cannot-insert'],
    ['§7.7 cannot-insert', 'PUT', `${FRIENDS}/@name`, '"others"', TYPES.att, 'cannot-insert'],
    ['§7.7 not-xml-att-value', 'PUT', '~~/resource-lists/list/@name', 'others', TYPES.att, 'not-xml-att-value'],
    ['§8.2.2 not-xml-frag', 'PUT', `${FRIENDS}/entry`, '<entry>', TYPES.el, 'not-xml-frag'],
    ['§8.2.2 not-xml-frag of an unbound prefix', 'PUT', `${FRIENDS}/entry`, '<x:entry/>', TYPES.el, 'not-xml-frag'],
    ['§8.2.2 not-utf-8', 'PUT', `${FRIENDS}/entry`, Buffer.from([0x3c, 0xff]), TYPES.el, 'not-utf-8'],
    ['§8.2.5 schema-validation-error', 'PUT', `${FRIENDS}/entry`, '<entry/>', TYPES.el, 'schema-validation-error'],
    ['§8.2.5 schema-validation-error of an unknown name', 'PUT', `${FRIENDS}/stranger`, `<stranger/>`, TYPES.el, 'schema-validation-error'],
    ['§8.2.5 uniqueness-failure', 'PUT', '~~/resource-lists/*%5b2%5d%5b@name=%22friends%22%5d', '<list name="friends"/>', TYPES.el, 'uniqueness-failure'],
    ['§8.2.5 constraint-failure', 'PUT', `${FRIENDS}/entry`, '<entry uri="bob"/>', TYPES.el, 'constraint-failure'],
    ['§8.4 the root', 'DELETE', '~~/resource-lists', undefined, undefined, 'schema-validation-error'],
  ] as const)('%s', async (_name, method, node, body, type, kind) => {
    const answer = await homer.ask(method, `${BILL}/${node}`, { ...(body === undefined ? {} : { body }), ...(type === undefined ? {} : { type }) });
    expect([answer.status, answer.type, conflictIn(answer.text)]).toEqual([409, 'application/xcap-error+xml', kind]);
    expect((await homer.ask('GET', BILL)).etag).toBe('"1"');
  }); // prettier-ignore

  it('§8.4: cannot-delete for a removal that would not be idempotent; one that makes a document invalid is 409 too', async () => {
    for (const n of [1, 2, 3]) await element(`${FRIENDS}/entry%5b@uri=%22sip:${n}@b%22%5d`, `<entry uri="sip:${n}@b"/>`); // prettier-ignore
    const conflictOf = async (node: string) => conflictIn((await homer.ask('DELETE', `${BILL}/${FRIENDS}/${node}`)).text); // prettier-ignore
    expect(await conflictOf('entry%5b1%5d')).toBe('cannot-delete');
    expect(await conflictOf('*%5b2%5d')).toBe('cannot-delete');
    expect(await conflictOf('entry%5b1%5d/@uri')).toBe('schema-validation-error');
    expect(await conflictOf('entry%5b3%5d')).toBe('');
    expect(await statusOf('DELETE', `${BILL}/${FRIENDS}/entry`)).toBe(404);
  });

  it('§7.7–7.9: attributes', async () => {
    const name = `${BILL}/~~/resource-lists/list/@name`;
    expect(await homer.ask('GET', name)).toMatchObject({ status: 200, text: '"friends"' });
    expect(await put(name, "'others'", TYPES.att)).toMatchObject({ status: 200, etag: '"2"' });
    expect((await homer.ask('GET', name)).text).toBe("'others'");
    expect(await homer.ask('DELETE', name)).toMatchObject({ status: 200, etag: '"3"' });
    expect([await statusOf('GET', name), await statusOf('DELETE', name)]).toEqual([404, 404]);
    expect(await put(name, '"new"', TYPES.att)).toMatchObject({ status: 201, etag: '"4"' });
  });

  it('§7.10, §8.2, §8.4: namespaces are shown and not set', async () => {
    const url = `${BILL}/~~/resource-lists/list/namespace::*`;
    expect(await homer.ask('GET', url)).toMatchObject({ status: 200, type: 'application/xcap-ns+xml', text: `<list xmlns="${NS}"/>` }); // prettier-ignore
    expect(await put(url, '<a/>', TYPES.el)).toMatchObject({ status: 405, headers: { allow: 'GET' } });
    expect(await homer.ask('DELETE', url)).toMatchObject({ status: 405, headers: { allow: 'GET' } });
  });

  it('§8.2.5: elements of namespaces that nobody knows are kept', async () => {
    const body = '<entry uri="sip:a@b"><x xmlns="urn:unknown" y="1"><z/></x></entry>';
    expect((await element(`${FRIENDS}/entry`, body)).status).toBe(201);
    expect((await homer.ask('GET', `${BILL}/${FRIENDS}/entry`)).text).toBe(body);
  });
});

describe('§7.11, §8.2.6, §8.5 conditions', () => {
  const entry = (n: number) => `${BILL}/${FRIENDS}/entry%5b@uri=%22sip:${n}@b%22%5d`;
  const body = (n: number) => `<entry uri="sip:${n}@b"/>`;

  it('hold for documents and for their nodes alike', async () => {
    expect((await put(BILL, LISTS, TYPES.lists, { 'if-match': '*' })).status).toBe(412);
    expect((await put(BILL, LISTS, TYPES.lists, { 'if-none-match': '*' })).status).toBe(201);
    expect((await put(BILL, LISTS, TYPES.lists, { 'if-none-match': '*' })).status).toBe(412);
    expect((await put(entry(1), body(1), TYPES.el, { 'if-none-match': '*' })).status).toBe(412);
    expect((await put(entry(1), body(1), TYPES.el, { 'if-match': '"1"' })).etag).toBe('"2"');
    expect((await put(entry(2), body(2), TYPES.el, { 'if-match': '"1"' })).status).toBe(412);
    expect(await statusOf('DELETE', entry(1), { 'if-match': '"1"' })).toBe(412);
    expect(await statusOf('GET', entry(1), { 'if-none-match': '"2"' })).toBe(304);
    expect(await statusOf('GET', BILL, { 'if-none-match': '"1"' })).toBe(200);
    expect(await statusOf('GET', BILL, { 'if-match': '"1"' })).toBe(412);
    expect(await statusOf('GET', BILL, { 'if-match': 'nonsense' })).toBe(400);
    expect(await statusOf('DELETE', entry(1), { 'if-match': '"2"' })).toBe(200);
    expect(await statusOf('DELETE', BILL, { 'if-match': '"2"' })).toBe(412);
    expect(await statusOf('DELETE', BILL, { 'if-match': '"3"' })).toBe(200);
  });

  it('let one of many win, and lose nothing', async () => {
    await putLists();
    const won: number[] = [];
    for (let round = 0; round < 5; round++) {
      const { etag = '' } = await homer.ask('GET', BILL);
      const racing = Array.from({ length: 20 }, async (_, i) => {
        const n = round * 20 + i;
        const { status } = await put(entry(n), body(n), TYPES.el, { 'if-match': etag });
        if (status === 201) won.push(n);
        return status;
      });
      const statuses = await Promise.all(racing);
      expect(statuses.filter((status) => status === 412)).toHaveLength(19);
    }
    const { text } = await homer.ask('GET', BILL);
    expect(won).toHaveLength(5);
    for (const n of won) expect(text).toContain(body(n));
  });

  it('another process that was first is seen: 412 with a condition, and the change on top of it without', async () => {
    const stream = 'document-sip:bill@example.com/resource-lists';
    const data = { impu: 'sip:bill@example.com', auid: 'resource-lists', xml: LISTS };
    // In the log, and not in the view of this process yet.
    await homer.log.append(stream, [{ type: 'DocumentChanged', data }], { expected: 0 });
    expect((await put(BILL, LISTS, TYPES.lists, { 'if-none-match': '*' })).status).toBe(412);
    const xml = `${LISTS}<!-- -->`;
    await homer.log.append(stream, [{ type: 'DocumentChanged', data: { ...data, xml } }], { expected: 1 });
    expect((await put(entry(1), body(1), TYPES.el, { 'if-match': '"1"' })).status).toBe(412);
    await homer.log.append(stream, [{ type: 'DocumentChanged', data }], { expected: 2 });
    expect(await put(entry(1), body(1), TYPES.el)).toMatchObject({ status: 201, etag: '"4"' });
  });

  it('without a condition all of many are kept', async () => {
    await putLists();
    const all = Array.from({ length: 20 }, (_, n) => put(entry(n), body(n), TYPES.el));
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(all.map(() => 201));
    expect((await homer.ask('GET', BILL)).text.match(/<entry /g)).toHaveLength(20);
  });
});

describe('§12, §6.2 what the server writes', () => {
  it('§12: capabilities', async () => {
    const url = '/xcap-caps/global/index';
    const { status, type, text, etag } = await homer.ask('GET', url);
    expect([status, type]).toEqual([200, 'application/xcap-caps+xml']);
    expect(await statusOf('GET', url, { 'if-none-match': String(etag) })).toBe(304);
    for (const auid of ['xcap-caps', 'resource-lists', 'simservs.ngn.etsi.org', 'org.etsi.ngn.simservs'])
      expect(text).toContain(`<auid>${auid}</auid>`);
    expect((await homer.ask('GET', `${url}/~~/xcap-caps/auids/auid%5b1%5d`)).text).toBe(
      '<auid>xcap-caps</auid>',
    );
    expect((await homer.ask('PUT', url, { body: '<a/>' })).status).toBe(405);
    expect(await statusOf('GET', '/xcap-caps/users/sip:alice@ims.test/index')).toBe(404);
    expect(await statusOf('GET', '/xcap-caps/global/other')).toBe(404);
  });

  it('the directory of a user', async () => {
    const url = '/org.openmobilealliance.xcap-directory/users/sip:bill@example.com/directory.xml';
    expect((await homer.ask('GET', url)).text).not.toContain('<folder');
    await putLists();
    const { status, type, text } = await homer.ask('GET', url);
    expect([status, type]).toEqual([200, 'application/vnd.oma.xcap-directory+xml']);
    expect(text).toContain(`<folder auid="resource-lists">\n    <entry uri="${BILL}" etag="&quot;1&quot;" last-modified="2026-01-01T00:00:00.000Z" size="${LISTS.length}"/>`);
    expect((await homer.ask('PUT', url, { body: '<a/>' })).status).toBe(405);
    expect(await statusOf('GET', url.replace('directory.xml', 'other'))).toBe(404);
  }); // prettier-ignore
});

it('says in its OpenAPI document what a PUT takes', () => {
  const { paths } = homer.server.openApi() as { paths: Record<string, { put?: { requestBody?: { content: object } } }> };
  const types = Object.values(paths).flatMap(({ put: one }) => (one === undefined ? [] : [Object.keys(one.requestBody?.content ?? {})]));
  expect(types).toEqual([
    [TYPES.simservs, TYPES.lists, 'application/*'],
    [TYPES.el, TYPES.att],
  ]);
}); // prettier-ignore

describe('simservs (TS 24.623)', () => {
  const rule = (conditions: string, actions: string, id = 'r1') =>
    `<cp:ruleset><cp:rule id="${id}"><cp:conditions>${conditions}</cp:conditions><cp:actions>${actions}</cp:actions></cp:rule></cp:ruleset>`;
  const FULL = simservs(`
    <originating-identity-presentation active="true"/>
    <originating-identity-presentation-restriction active="true"><default-behaviour>presentation-not-restricted</default-behaviour></originating-identity-presentation-restriction>
    <communication-diversion active="true"><NoReplyTimer>20</NoReplyTimer>${rule('<busy/><cp:identity><cp:one id="sip:bob@ims.test"/></cp:identity><x xmlns="urn:other"/>', '<forward-to><target>sip:bob@ims.test</target><notify-caller>true</notify-caller></forward-to>')}</communication-diversion>
    <incoming-communication-barring active="true">${rule('<anonymous/><media>audio</media>', '<allow>false</allow>', 'r2')}</incoming-communication-barring>
    <communication-waiting active="true"/>`);

  it('is one document under both names, with one entity tag', async () => {
    expect(await put(ALICE, FULL, TYPES.simservs)).toMatchObject({ status: 201, etag: '"1"' });
    expect(await homer.ask('GET', OLDER)).toMatchObject({ text: FULL, etag: '"1"', type: TYPES.simservs });
    const node = '~~/simservs/communication-diversion/NoReplyTimer';
    expect((await put(`${OLDER}/${node}`, '<NoReplyTimer>30</NoReplyTimer>', TYPES.el, { 'if-match': '"1"' })).etag).toBe('"2"');
    expect(await homer.ask('GET', `${ALICE}/${node}`)).toMatchObject({ text: '<NoReplyTimer>30</NoReplyTimer>', etag: '"2"' });
    expect((await put(`${ALICE}/~~/simservs/communication-waiting/@active`, '"false"', TYPES.att)).status).toBe(200);
    expect(homer.documents.peek('sip:alice@ims.test/org.etsi.ngn.simservs')).toContain('<communication-waiting active="false"/>');
  });

  it('TS 24.604 §4.9: takes all that a phone says of a diversion', async () => {
    const told = [
      'notify-caller', 'reveal-identity-to-caller', 'reveal-served-user-identity-to-caller', 'notify-served-user',
      'notify-served-user-on-outbound-call', 'reveal-identity-to-target',
    ].map((name) => `<${name}>false</${name}>`).join('');
    const body = simservs(`<communication-diversion>${rule('<rule-deactivated/>', `<forward-to><target>tel:+4930123</target>${told}</forward-to>`)}</communication-diversion>`);
    expect((await put(ALICE, body, TYPES.simservs)).status).toBe(201);
  });

  it('takes under the older name what older clients send', async () => {
    for (const type of ['application/xml', undefined]) expect((await homer.ask('PUT', OLDER, { body: FULL, ...(type === undefined ? {} : { type }) })).status).toBeLessThan(202);
    expect((await put(ALICE, FULL, 'application/xml')).status).toBe(415);
    expect([await statusOf('DELETE', OLDER), await statusOf('GET', ALICE)]).toEqual([204, 404]);
    // backend.md §4: whatever there was. By its own name it is as RFC 4825 §8.4 has it.
    expect([await statusOf('DELETE', OLDER), await statusOf('DELETE', ALICE)]).toEqual([204, 404]);
  });

  it.each([
    ['no namespace', '<simservs/>'],
    ['another root', '<x/>'],
    ['a timer out of bounds', simservs('<communication-diversion><NoReplyTimer>4</NoReplyTimer></communication-diversion>')],
    ['an unknown service', simservs('<teleportation/>')],
    ['an unknown condition of its own namespace', simservs(`<incoming-communication-barring>${rule('<full-moon/>', '<allow>true</allow>')}</incoming-communication-barring>`)],
    ['a word for a truth value', simservs('<communication-waiting active="yes"/>')],
    ['two rules of one id', simservs(`<incoming-communication-barring>${rule('', '')}</incoming-communication-barring><outgoing-communication-barring>${rule('', '')}</outgoing-communication-barring>`)],
  ])('§8.2.5 refuses %s: schema-validation-error', async (_name, body) => {
    const answer = await put(ALICE, body, TYPES.simservs);
    expect([answer.status, conflictIn(answer.text)]).toEqual([409, 'schema-validation-error']);
  });

  it('refuses more rules than a call asks: constraint-failure', async () => {
    const rules = Array.from({ length: 101 }, (_, i) => `<cp:rule id="r${i}"/>`).join('');
    const body = simservs(`<incoming-communication-barring><cp:ruleset>${rules}</cp:ruleset></incoming-communication-barring>`);
    expect(conflictIn((await put(ALICE, body, TYPES.simservs)).text)).toBe('constraint-failure');
  });
}); // prettier-ignore
