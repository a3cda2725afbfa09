// A client that makes the network send to somebody else, or send more than it was sent (RFC 3261 §18.2.2, §26.1.5; RFC 5393),
// and one that asks who is a user here.
import type { Phone } from '#libs/phone';
import { H, type SipMessage, values } from '#libs/sip';
import { createWorld, type World } from '../world.js';
import { Attacker, parsed, registeredPhone, rowText, statusOf } from './attacker.js';

const VICTIM = '10.66.0.9';
/** A registration holds at most so many live bindings. */
const BINDINGS_MAX = 10;

let world: World;
let mallory: Attacker;
let victim: Attacker;
beforeEach(async () => {
  world = await createWorld();
  for (const user of ['alice', 'bob', 'eve']) await world.subscriber(user);
  mallory = await Attacker.at(world);
  victim = await Attacker.at(world, VICTIM);
});
afterEach(async () => {
  await mallory.close();
  await victim.close();
  await world.close();
});

describe('a Via that points at a third party', () => {
  it.each([
    [`UDP ${VICTIM}:5060`],
    [`UDP ${VICTIM}:5060;received=${VICTIM}`],
    [`UDP ${VICTIM}:5060;maddr=${VICTIM}`],
    [`UDP 10.66.0.1:5060;maddr=${VICTIM};ttl=1`],
    [`UDP 10.66.0.1:5060;received=${VICTIM};rport=5060`],
  ])('%s gets it no answer', async (sentBy) => {
    expect(
      await mallory.ask({ method: 'REGISTER', uri: 'sip:ims.test', to: '<sip:alice@ims.test>' }, { sentBy }),
    ).toEqual([401]);
    expect(await mallory.ask({}, { sentBy })).toEqual([403]);
    expect(victim.heard).toEqual([]);
  });

  it('below the first one gets it nothing either', async () => {
    const text = mallory.text({ headers: `Via: SIP/2.0/UDP ${VICTIM}:5060;branch=z9hG4bKx\r\n` });
    expect(await mallory.send(text)).toEqual([403]);
    expect(victim.heard).toEqual([]);
  });

  it('gets it no connection when the one of the request is lost', async () => {
    const caller = await Attacker.at(world, '10.66.0.2', 'tcp');
    const listening = await Attacker.at(world, '10.66.0.8', 'tcp');
    const parts = { method: 'REGISTER', uri: 'sip:ims.test', to: '<sip:alice@ims.test>' };
    const sent = caller.ask(parts, { sentBy: 'TCP 10.66.0.8:5060' });
    await caller.close();
    await sent;
    await world.advance(1_000);
    expect(listening.heard).toEqual([]);
    await listening.close();
  });
});

describe('a Contact that points at a third party', () => {
  it.each([
    `<sip:x@${VICTIM}:5060>`,
    `<sip:x@${VICTIM}:5060;transport=udp;maddr=${VICTIM}>`,
    '<sip:bob@ims.test>',
  ])('%s is rung by the flow that registered it', async (contact) => {
    const [alice, bob] = [await registeredPhone(world, 'alice'), await registeredPhone(world, 'bob')];
    const eve = await world.phone('eve');
    expect(statusOf(await world.until(eve.register({ contact })))).toBe(200);
    expect(statusOf((await world.until(alice.call(eve.aor))).answer)).toBe(200);
    expect(victim.heard).toEqual([]);
    expect(bob.received).toEqual([]);
    expect(eve.received.map(({ method }) => method)).toContain('INVITE');
  });

  it('of an INVITE is called by nobody in the network', async () => {
    const [alice, bob] = [await registeredPhone(world, 'alice'), await registeredPhone(world, 'bob')];
    const { answer } = await world.until(alice.call(bob.aor, { contact: `<sip:x@${VICTIM}:5060>` }));
    expect(statusOf(answer)).toBe(200);
    await world.advance(40_000);
    expect(victim.heard).toEqual([]);
  });
});

describe('amplification by forking', () => {
  const contactsOf = (count: number): string =>
    Array.from(
      { length: count },
      (_, n) => `<sip:eve@10.0.0.99:${6_000 + n}>;+sip.instance="<urn:uuid:${n}>"`,
    ).join(', ');
  const sentTo = (phones: readonly Phone[]): number =>
    phones.reduce(
      (sum, { received }) => sum + received.filter(({ method }) => method === 'INVITE').length,
      0,
    );

  it('ends at the bindings that a registration may hold', async () => {
    const eve = await world.phone('eve');
    const before = await rowText(world, 'eve');
    const answer = await world.until(eve.register({ contact: contactsOf(BINDINGS_MAX + 1) }));
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
    expect(await rowText(world, 'eve')).toBe(before);
  });

  it('sends one request no more often than that, whatever the bindings call each other', async () => {
    const alice = await registeredPhone(world, 'alice');
    const eve = await world.phone('eve');
    const loopsBy = (param: string): string =>
      Array.from(
        { length: BINDINGS_MAX },
        (_, n) => `<sip:eve@ims.test${param};x=${n}>;+sip.instance="<urn:uuid:${n}>"`,
      ).join(', ');
    // Her own address is refused (RFC 5627 §5.1); what leads there all the same under another name is not.
    expect(statusOf(await world.until(eve.register({ contact: loopsBy('') })))).toBe(403);
    const asked = await world.until(eve.register({ contact: loopsBy(';transport=udp') }));
    expect(statusOf(asked)).toBe(200);
    eve.onRequest = (request, reply) => request.method === 'INVITE' && reply(486);
    await world.until(alice.call(eve.aor), 60_000);
    expect(sentTo([eve])).toBeGreaterThan(0);
    expect(sentTo([eve])).toBeLessThanOrEqual(BINDINGS_MAX);
  });

  it('finds a request that comes back to where it was (RFC 5393 §4.2)', async () => {
    const [alice, eve] = [await registeredPhone(world, 'alice'), await registeredPhone(world, 'eve')];
    let back = 0;
    const statuses: number[] = [];
    // A device that sends everything back into the network, as a gateway does that was set up wrongly.
    eve.onRequest = (request, reply) => {
      if (request.method !== 'INVITE' || ++back > 100) return;
      const vias = values(request, H.Via)
        .map((via) => `Via: ${via}\r\n`)
        .join('');
      const hops = Number(request.header(H.MaxForwards)) - 1;
      const headers = `${vias}Max-Breadth: 60\r\n`;
      const onward = eve.request('INVITE', eve.aor, {
        headers,
        maxForwards: String(hops),
        callId: request.header(H.CallId)!,
        from: request.header(H.From)!,
      });
      void onward.final.then((answer) => {
        statuses.push(statusOf(answer));
        reply(answer === 'timeout' ? 408 : answer.status);
      });
    };
    const { answer } = await world.until(alice.call(eve.aor), 60_000);
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
    expect(back).toBeLessThan(20);
    expect([482, 483]).toContain(statuses[0]);
  });
});

describe('a client that asks who is a user here', () => {
  const shape = (raw: string): string =>
    raw
      .replace(/^(?:Via|From|To|Call-ID|CSeq): .*\r\n/gm, '')
      .replace(/(?:nonce|opaque)="[^"]*"/g, '')
      .replace(/^Retry-After: \d+/gm, 'Retry-After');

  it.each(['INVITE', 'MESSAGE', 'SUBSCRIBE', 'OPTIONS', 'PUBLISH'])(
    'is told the same by %s of users, of phones that are there, and of nobody',
    async (method) => {
      await registeredPhone(world, 'bob');
      const heard: string[] = [];
      for (const user of ['alice', 'bob', 'nobody']) {
        expect(new Set(await mallory.ask({ method, uri: `sip:${user}@ims.test` }))).toEqual(new Set([403]));
        heard.push(shape(mallory.heard.at(-1)!));
      }
      expect(new Set(heard).size).toBe(1);
    },
  );

  it('is challenged by REGISTER whoever he says he is, and told the same with a wrong password', async () => {
    await registeredPhone(world, 'bob');
    const told = async (user: string, password: string) => {
      const thief = await world.phone(user, { password });
      const asked = await world.until(thief.register({ proof: 'none' }));
      const answered = await world.until(thief.register());
      return [asked, answered].map((answer) => shape((answer as SipMessage).raw));
    };
    const [alice, bob, nobody] = [
      await told('alice', 'guess'),
      await told('bob', 'guess'),
      await told('nobody', ''),
    ];
    expect(alice.map((raw) => raw.slice(0, 11))).toEqual(['SIP/2.0 401', 'SIP/2.0 403']);
    expect([bob, nobody]).toEqual([alice, alice]);
  });

  it('is told the same for a wrong password whether the user is registered or not', async () => {
    await registeredPhone(world, 'bob');
    const answers: string[] = [];
    for (const user of ['alice', 'bob']) {
      const thief = await world.phone(user, { password: 'guess' });
      const answer = await world.until(thief.register());
      answers.push(shape((answer as SipMessage).raw));
    }
    expect(new Set(answers).size).toBe(1);
    expect(
      parsed(
        `${answers[0]!.split('\r\n')[0]!}\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n`,
      ).status,
    ).toBe(403);
  });
});
