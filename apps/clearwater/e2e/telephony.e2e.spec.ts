// Telephony services on the built product with real sockets: switched on over HTTP by criteria and documents, they hold for the
// next call and after a restart (docs/telephony.md).
import type { Phone } from '#libs/phone';
import type { SipMessage } from '#libs/sip';
import { statusOf } from './phone-calls.js';
import { RunningProduct } from './running-product.js';

const KEY = 'a-key-of-this-test-alone';
let product: RunningProduct;
const phones: Phone[] = [];
beforeAll(async () => {
  product = await RunningProduct.start({ API_KEYS: KEY });
});
afterAll(async () => {
  await product.close();
});

const api = async (
  method: string,
  path: string,
  body?: string,
  type = 'application/xml',
  port: 'HOMESTEAD_PROV_PORT' | 'HOMER_PORT' = 'HOMESTEAD_PROV_PORT',
): Promise<Response> => {
  const url = `http://127.0.0.1:${product.ports[port]}${path}`;
  const headers = { 'x-api-key': KEY, ...(body === undefined ? {} : { 'content-type': type }) };
  return fetch(url, { method, redirect: 'manual', headers, ...(body === undefined ? {} : { body }) });
};

const SERVER = 'sip:mmtel.ims.test';
const criterion = (priority: number, sessionCase: number): string =>
  `<InitialFilterCriteria><Priority>${priority}</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF><SPT><ConditionNegated>0</ConditionNegated><Group>0</Group><Method>INVITE</Method></SPT><SPT><ConditionNegated>0</ConditionNegated><Group>1</Group><SessionCase>${sessionCase}</SessionCase></SPT></TriggerPoint><ApplicationServer><ServerName>${SERVER}</ServerName><DefaultHandling>1</DefaultHandling></ApplicationServer></InitialFilterCriteria>`;

const switchOn = async (impu: string, services: string): Promise<void> => {
  const user = encodeURIComponent(impu);
  const profile = (await api('GET', `/public/${user}/service_profile`)).headers.get('location') ?? '';
  const criteria = `<ServiceProfile>${criterion(0, 0)}${criterion(1, 1)}</ServiceProfile>`;
  expect((await api('PUT', `${profile}/filter_criteria`, criteria)).status).toBe(200);
  const document = `<simservs xmlns="http://uri.etsi.org/ngn/params/xml/simservs/xcap" xmlns:cp="urn:ietf:params:xml:ns:common-policy">${services}</simservs>`;
  const path = `/simservs.ngn.etsi.org/users/${user}/simservs.xml`;
  const put = await api('PUT', path, document, 'application/vnd.etsi.simservs+xml', 'HOMER_PORT');
  expect([200, 201]).toContain(put.status);
};

/** One phone each, for all tests. */
const registered = async (name: 'alice' | 'bob'): Promise<Phone> => {
  const known = phones.find(({ aor }) => aor === `sip:${name}@ims.test`);
  if (known !== undefined) return known;
  const made = await product.phone(name);
  phones.push(made);
  expect(statusOf(await made.register())).toBe(200);
  return made;
};

const lastInvite = (phone: Phone): string =>
  phone.received.findLast(({ method }) => method === 'INVITE')?.raw ?? '';

it('hides a caller in everything that the callee gets, and both can end the call', async () => {
  const [alice, bob] = [await registered('alice'), await registered('bob')];
  await switchOn(alice.aor, '<originating-identity-presentation-restriction/>');
  const { request, answer } = await alice.call(bob.aor);
  expect(statusOf(answer)).toBe(200);
  expect(lastInvite(bob)).not.toMatch(/alice/i);
  const bye = alice.inDialog('BYE', { request, answer: answer as SipMessage }, 2)!;
  expect(statusOf(await bye.final)).toBe(200);
  expect(bob.received.map(({ method }) => method)).toContain('BYE');
  expect(bob.received.map(({ raw }) => raw).join()).not.toMatch(/alice/i);
});

it('bars and diverts by the document of the moment, also after kill -9', async () => {
  const [alice, bob] = [await registered('alice'), await registered('bob')];
  const rule = (conditions: string, actions: string): string =>
    `<cp:ruleset><cp:rule id="r"><cp:conditions>${conditions}</cp:conditions><cp:actions>${actions}</cp:actions></cp:rule></cp:ruleset>`;
  const barring = rule('', '<allow>false</allow>');
  await switchOn(bob.aor, `<incoming-communication-barring>${barring}</incoming-communication-barring>`);
  expect(statusOf((await alice.call(bob.aor)).answer)).toBe(603);
  await product.end('SIGKILL');
  await product.launch();
  expect(statusOf((await alice.call(bob.aor)).answer)).toBe(603);
  const busy = rule('<busy/>', `<forward-to><target>${alice.aor}</target></forward-to>`);
  await switchOn(bob.aor, `<communication-diversion>${busy}</communication-diversion>`);
  bob.onRequest = (_request, reply) => reply(486);
  const { answer } = await alice.call(bob.aor);
  expect(statusOf(answer)).toBe(200);
  expect(lastInvite(alice)).toContain('Diversion: <sip:bob@ims.test>;reason=user-busy');
});
