// A client that says of itself what only the network may say (RFC 3325 §6, TS 24.229 §5.2.6.3): to the callee, to the caller,
// to the registrar. None of it arrives, none of it is kept.
import type { Phone } from '#libs/phone';
import { H, type SipMessage } from '#libs/sip';
import { createWorld, type World } from '../world.js';
import { Attacker, registeredPhone, rowText, statusOf } from './attacker.js';

let world: World;
let alice: Phone;
let bob: Phone;
let mallory: Attacker;
beforeEach(async () => {
  world = await createWorld();
  for (const user of ['alice', 'bob']) await world.subscriber(user);
  alice = await registeredPhone(world, 'alice');
  bob = await registeredPhone(world, 'bob');
  mallory = await Attacker.at(world);
});
afterEach(async () => {
  await mallory.close();
  await world.close();
});

/** In every value: nothing that arrives or is kept may hold it. */
const MARK = 'forged';
const FORGED = [
  ['P-Asserted-Identity', `<sip:${MARK}@ims.test>, <tel:+1${MARK}>`],
  ['P-Served-User', `<sip:${MARK}@ims.test>;sescase=orig;regstate=reg`],
  ['P-Associated-URI', `<sip:${MARK}@ims.test>`],
  ['P-Charging-Vector', `icid-value=${MARK};icid-generated-at=192.0.2.66`],
  ['P-Charging-Function-Addresses', `ccf=${MARK}.invalid; ecf=${MARK}.invalid`],
  ['P-Access-Network-Info', `3GPP-UTRAN-TDD;utran-cell-id-3gpp=${MARK}`],
  ['P-Visited-Network-ID', MARK],
  ['P-Profile-Key', `<sip:${MARK}*@ims.test>`],
  ['Path', `<sip:${MARK}@192.0.2.66;lr>`],
  ['Service-Route', `<sip:${MARK}@192.0.2.66;lr>`],
] as const;

const lastInvite = (): SipMessage => bob.received.findLast(({ method }) => method === 'INVITE')!;

const everythingKept = async (): Promise<string> =>
  JSON.stringify([await world.events(), await rowText(world, 'alice'), await rowText(world, 'bob')]);

describe.each(FORGED)('a forged %s', (name, value) => {
  it('of a caller is not told to the callee, nor kept', async () => {
    const { answer } = await world.until(alice.call(bob.aor, { headers: `${name}: ${value}\r\n` }));
    expect(statusOf(answer)).toBe(200);
    expect(lastInvite().header(H.PAssertedIdentity)).toBe('<sip:alice@ims.test>');
    expect(bob.received.map(({ raw }) => raw).join()).not.toContain(MARK);
    expect(await everythingKept()).not.toContain(MARK);
  });

  it('of a callee is not told to the caller, nor kept', async () => {
    bob.onRequest = (request, reply) =>
      void (request.method !== 'ACK' && reply(200, `${name}: ${value}\r\n`));
    const { answer } = await world.until(alice.call(bob.aor));
    expect(statusOf(answer)).toBe(200);
    expect((answer as SipMessage).raw).not.toContain(MARK);
    expect(await everythingKept()).not.toContain(MARK);
  });

  it('of a registration changes nothing of it', async () => {
    const answer = await world.until(alice.register({ headers: `${name}: ${value}\r\n` }));
    expect(statusOf(answer)).toBe(200);
    expect((answer as SipMessage).raw).not.toContain(MARK);
    expect(await everythingKept()).not.toContain(MARK);
  });

  it('with a space before the colon, folded, or in other letters is the same header', async () => {
    for (const spelled of [
      `${name} : ${value}`,
      `${name}\t:\r\n ${value}`,
      `${name.toUpperCase()}:${value}`,
    ]) {
      const { answer } = await world.until(alice.call(bob.aor, { headers: `${spelled}\r\n` }));
      expect(statusOf(answer)).toBe(200);
    }
    expect(bob.received.map(({ raw }) => raw).join()).not.toContain(MARK);
  });
});

describe('a header name with a control character or a space in it', () => {
  const NAMES = [
    'P-Asserted\x00-Identity',
    '\x01P-Asserted-Identity',
    'P-Asserted-Identity\x7f',
    'P-Asserted Identity',
    'P-Asserted-Identity\v',
  ];
  it.each(NAMES)('%j is refused, and goes no further', async (name) => {
    const before = bob.received.length;
    const { final } = alice.request('INVITE', bob.aor, { headers: `${name}: <sip:${MARK}@ims.test>\r\n` });
    expect(statusOf(await world.until(final))).toBe(400);
    expect(bob.received).toHaveLength(before);
  });
});

describe('a registration that claims to be protected already', () => {
  const claim = (mark: string, user = 'alice'): string =>
    `Authorization: Digest username="${user}@ims.test", realm="ims.test", nonce="", uri="sip:ims.test", response="", integrity-protected=${mark}\r\n`;
  it.each(['"yes"', '"ip-assoc-yes"', 'ip-assoc-yes', '"tls-yes"', '"ip-assoc-pending"'])(
    'with integrity-protected=%s is challenged like any other',
    async (mark) => {
      const before = await rowText(world, 'alice');
      const parts = {
        method: 'REGISTER',
        uri: 'sip:ims.test',
        to: `<${alice.aor}>`,
        headers: `Expires: 300\r\n${claim(mark)}`,
      };
      expect(await mallory.ask(parts)).toEqual([401]);
      expect(await rowText(world, 'alice')).toBe(before);
    },
  );

  it('is challenged too on the flow of a registered user, for somebody else', async () => {
    const before = await rowText(world, 'alice');
    const answer = await world.until(
      bob.register({
        proof: 'none',
        headers: claim('"ip-assoc-yes"'),
        parts: { to: `<${alice.aor}>`, from: `<${alice.aor}>;tag=x` },
      }),
    );
    expect(statusOf(answer)).toBe(401);
    expect(await rowText(world, 'alice')).toBe(before);
  });
});

describe('a caller', () => {
  it('who writes another From or prefers another identity is asserted as who is registered on the flow', async () => {
    const from = '<sip:bob@ims.test>;tag=x';
    const headers = 'P-Preferred-Identity: <sip:bob@ims.test>\r\n';
    expect(statusOf((await world.until(alice.call(bob.aor, { from, headers }))).answer)).toBe(200);
    expect(lastInvite().header(H.PAssertedIdentity)).toBe('<sip:alice@ims.test>');
  });

  it.each([
    '<sip:10.66.0.9:5060;lr>',
    '<sip:10.1.0.1:5060;lr>, <sip:10.66.0.9:5060;lr>',
    '<sip:scscf.ims.test:5054;lr;orig>, <sip:10.66.0.9;lr>',
  ])('with the preloaded Route %s goes where the network says', async (route) => {
    const victim = await Attacker.at(world, '10.66.0.9');
    const { answer } = await world.until(alice.call(bob.aor, { headers: `Route: ${route}\r\n` }));
    expect([statusOf(answer), victim.heard]).toEqual([200, []]);
    expect(lastInvite().raw).not.toContain('10.66.0.9');
    await victim.close();
  });

  it.each(['INVITE', 'MESSAGE', 'SUBSCRIBE', 'OPTIONS'])(
    'without a registration gets nowhere with %s, whatever Route and identity it brings',
    async (method) => {
      const headers =
        'Route: <sip:scscf.ims.test:5054;lr;orig>\r\nP-Asserted-Identity: <sip:alice@ims.test>\r\n';
      expect(await mallory.ask({ method, uri: bob.aor, from: `<${alice.aor}>;tag=x`, headers })).toEqual([
        403,
      ]);
      expect(bob.received).toEqual([]);
    },
  );
});
