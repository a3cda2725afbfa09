// All subscribers in an HSS only: register and call, without the HSS, with it again; PPR and RTR (docs/acceptance/chapter-6.md, line 3).
import { autsOf, sqnOf, Usim, vectorOf } from '#libs/aka';
import { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { H } from '#libs/sip';
import { carryCall, statusOf } from './phone-calls.js';
import { type HssSubscriber, RunningHss } from './running-hss.js';
import { RunningProduct, sleep } from './running-product.js';

const NAMES = ['alice', 'bob', 'carol', 'dave'] as const;
const PASSWORD = 'secret';
const API_KEY = 'a-key-of-this-test-0123456789';
const AKA = { k: '465b5ce8b199b49faa5f0a2ee238a6bc', opc: 'cd63cb71954a9f4e48a5994e37a02baf' };
/** To nobody; when it fails the call ends. */
const TO_NOBODY =
  '<InitialFilterCriteria><Priority>0</Priority><TriggerPoint><ConditionTypeCNF>0</ConditionTypeCNF><SPT><ConditionNegated>0</ConditionNegated>' +
  '<Group>0</Group><Method>INVITE</Method></SPT></TriggerPoint><ApplicationServer><ServerName>sip:127.0.0.1:9;transport=tcp</ServerName>' +
  '<DefaultHandling>1</DefaultHandling></ApplicationServer></InitialFilterCriteria>';
/** Until the product calls the HSS again (RFC 3539: 6 s ± 2), and some. */
const BACK_MS_MAX = 30_000;
const WITHIN_MS = 1_000;

const subscribers = (criteriaOfCarol = ''): readonly HssSubscriber[] => [
  { impi: 'usim@ims.test', impus: ['sip:usim@ims.test'], aka: AKA },
  ...NAMES.map((name) => ({
    impi: `${name}@ims.test`,
    impus: [`sip:${name}@ims.test`],
    password: PASSWORD,
    ...(name === 'carol' && criteriaOfCarol !== '' ? { filterCriteria: criteriaOfCarol } : {}),
  })),
];

let hss: RunningHss;
let product: RunningProduct;
const phones = {} as Record<(typeof NAMES)[number], Phone>;

beforeAll(async () => {
  hss = await RunningHss.start(subscribers());
  product = await RunningProduct.start({
    HSS_PEERS: hss.peer,
    DIAMETER_TIMEOUT_MS: '2000',
    API_KEYS: API_KEY,
  });
  const server = { address: '127.0.0.1', port: product.ports.BONO_PORT };
  for (const user of NAMES) {
    const account = { user, domain: 'ims.test', password: PASSWORD, server, transport: 'udp' } as const;
    phones[user] = await Phone.start({ ...account, address: '127.0.0.1', clock, random });
  }
});
afterAll(async () => {
  await Promise.all(Object.values(phones).map((phone) => phone.close()));
  await product.close();
  await hss.close();
});

it('registers and calls; a wrong password and a stranger are refused', async () => {
  const { alice, bob } = phones;
  expect([statusOf(await alice.register()), statusOf(await bob.register())]).toEqual([200, 200]);
  expect([await carryCall(alice, bob), await carryCall(bob, alice)]).toEqual([200, 200]);
  expect(statusOf(await alice.request('MESSAGE', 'sip:nobody@ims.test', { contact: '' }).final)).toBe(404);
  // Subscribed to, and not registered: the HSS knows no service for it.
  expect(statusOf(await alice.request('MESSAGE', phones.carol.aor, { contact: '' }).final)).toBe(480);
  const { options } = phones.dave;
  const thief = await Phone.start({ ...options, port: 0, password: 'guess' });
  expect(statusOf(await thief.register())).toBe(403);
  await thief.close();
});

it('AKA over HTTP: a vector that a card with the same key accepts, and the count of one that has counted further', async () => {
  const secrets = { k: Buffer.from(AKA.k, 'hex'), opc: Buffer.from(AKA.opc, 'hex') };
  const ask = async (resync = ''): Promise<{ rand: Buffer; sqn: number }> => {
    const url = `http://127.0.0.1:${product.ports.HOMESTEAD_PORT}/impi/usim%40ims.test/av/aka?impu=sip%3Ausim%40ims.test${resync}`;
    const answer = await fetch(url, { headers: { 'x-api-key': API_KEY } });
    const { aka } = (await answer.json()) as { aka: Record<string, string> };
    const challenge = Buffer.from(aka['challenge'] ?? '', 'base64');
    const rand = challenge.subarray(0, 16);
    const ak = vectorOf(secrets, rand, 0, Buffer.alloc(2)).autn.subarray(0, 6);
    const sqn = sqnOf(Buffer.from(challenge.subarray(16, 22).map((byte, i) => byte ^ ak[i]!)));
    const expected = vectorOf(secrets, rand, sqn, Buffer.from('8000', 'hex'));
    expect(aka).toEqual({
      challenge: Buffer.concat([rand, expected.autn]).toString('base64'),
      response: expected.xres.toString('hex'),
      cryptkey: expected.ck.toString('hex'),
      integritykey: expected.ik.toString('hex'),
      version: 1,
    });
    return { rand, sqn };
  };
  const { rand, sqn } = await ask();
  expect(sqn).toBe(33);
  const lost = Buffer.concat([rand, autsOf(secrets, rand, 0xa000)]);
  expect((await ask(`&resync-auth=${encodeURIComponent(lost.toString('base64'))}`)).sqn).toBe(0xa000 + 33);
});

it('AKA over Cx: a SIM registers, one that has counted further too, and calls', async () => {
  const secrets = { k: Buffer.from(AKA.k, 'hex'), opc: Buffer.from(AKA.opc, 'hex') };
  const { options } = phones.alice;
  for (const counted of [0, 10_000]) {
    const sim = { usim: new Usim(secrets, counted * 32) };
    const phone = await Phone.start({ ...options, user: 'usim', port: 0, password: '', sim });
    expect(statusOf(await phone.register())).toBe(200);
    expect(phone.challenged?.by.raw).toContain('algorithm=AKAv1-MD5');
    expect(await carryCall(phone, phones.alice)).toBe(200);
    await phone.close();
  }
});

it('without the HSS: who is registered calls on, everything else is 504', async () => {
  const { alice, bob, carol } = phones;
  await hss.end();
  for (let n = 0; n < 3; n++) expect([await carryCall(alice, bob), await carryCall(bob, alice)]).toEqual([200, 200]); // prettier-ignore
  expect(statusOf(await alice.register())).toBe(200);
  expect(statusOf(await carol.register())).toBe(504);
  expect(statusOf(await alice.request('MESSAGE', carol.aor, { contact: '' }).final)).toBe(504);
  // That nobody is not known was said a moment ago, and holds for five seconds; of others nothing is said.
  expect(statusOf(await alice.request('MESSAGE', 'sip:stranger@ims.test', { contact: '' }).final)).toBe(504);
});

it('without the HSS over a restart of the core', async () => {
  expect(await product.end('SIGTERM')).toBe(0);
  await product.launch();
  expect(await carryCall(phones.alice, phones.bob)).toBe(200);
  expect(statusOf(await phones.carol.register())).toBe(504);
});

it('with the HSS back others register again', async () => {
  await hss.launch();
  const untilMs = performance.now() + BACK_MS_MAX;
  let status = statusOf(await phones.carol.register());
  while (status === 504 && performance.now() < untilMs) {
    await sleep(500);
    status = statusOf(await phones.carol.register());
  }
  expect(status).toBe(200);
  expect(await carryCall(phones.alice, phones.carol)).toBe(200);
});

it('PPR: changed criteria hold for the next call', async () => {
  hss.write(subscribers(TO_NOBODY));
  await hss.type('reload', 'subscribers');
  expect(await carryCall(phones.alice, phones.carol)).toBe(200);
  await hss.type('ppr carol@ims.test', 'answered 2001');
  expect(await carryCall(phones.alice, phones.carol)).not.toBe(200);
  hss.write(subscribers());
  await hss.type('reload', 'subscribers');
  await hss.type('ppr carol@ims.test', 'answered 2001');
  expect(await carryCall(phones.alice, phones.carol)).toBe(200);
});

it('RTR: the registration is over, and who watches it is told within a second', async () => {
  const { alice, carol } = phones;
  const watching = carol.request('SUBSCRIBE', carol.aor, { headers: 'Event: reg\r\nExpires: 600\r\n' });
  expect(statusOf(await watching.final)).toBe(200);
  const ended = () => carol.received.some((request) => request.method === 'NOTIFY' && /terminated/.test(request.header(H.SubscriptionState) ?? '')); // prettier-ignore
  expect(ended()).toBe(false);
  const startMs = performance.now();
  await hss.type('rtr carol@ims.test', 'answered 2001');
  while (!ended() && performance.now() - startMs < 5 * WITHIN_MS) await sleep(10);
  expect(ended()).toBe(true);
  expect(performance.now() - startMs).toBeLessThan(WITHIN_MS);
  // The HSS asks who serves: nobody any more.
  expect(statusOf(await alice.request('MESSAGE', carol.aor, { contact: '' }).final)).toBe(480);
  expect(statusOf(await carol.register())).toBe(200);
  expect(await carryCall(alice, carol)).toBe(200);
});
