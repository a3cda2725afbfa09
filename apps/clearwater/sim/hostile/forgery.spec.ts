// Messages that somebody else wrote: credentials heard elsewhere, answers that nobody asked for, CANCEL and BYE of other people's
// calls, a Call-ID that is in use (RFC 3261 §22, §26.1; RFC 7616 §5). What they are aimed at goes on.
import type { Phone, RequestParts } from '#libs/phone';
import { H, type SipMessage, tagOf, values, viaBranch } from '#libs/sip';
import { createWorld, type World } from '../world.js';
import { Attacker, parsed, registeredPhone, rowText, statusOf } from './attacker.js';

let world: World;
let mallory: Attacker;
const start = async (nodes: 1 | 2 = 1): Promise<void> => {
  world = await createWorld({ nodes });
  for (const user of ['alice', 'bob', 'eve']) await world.subscriber(user);
  mallory = await Attacker.at(world);
};
afterEach(async () => {
  await mallory.close();
  await world.close();
});

const REGISTER = 'sip:ims.test';

describe('a nonce that was used', () => {
  beforeEach(() => start(2));

  /** REGISTER with a right answer to a challenge of alice's, for a Contact of the attacker's choice. */
  const stolen = async (phone: Phone): Promise<Partial<RequestParts>> => {
    const to = `<${phone.aor}>`;
    const asked = await world.until(phone.request('REGISTER', REGISTER, { to }).final);
    expect(statusOf(asked)).toBe(401);
    const authorization = phone.authorization('REGISTER', REGISTER, asked as SipMessage, 1);
    return { method: 'REGISTER', uri: REGISTER, to, headers: `Expires: 300\r\n${authorization}` };
  };

  it.each([0, 1])('is worth nothing when it is played again at node %d, from elsewhere', async (node) => {
    const alice = await world.phone('alice');
    const parts = await stolen(alice);
    const { final } = alice.request('REGISTER', REGISTER, { ...parts, contact: alice.contact });
    expect(statusOf(await world.until(final))).toBe(200);
    const before = await rowText(world, 'alice');
    expect(await mallory.ask(parts, { node })).toEqual([401]);
    expect(await rowText(world, 'alice')).toBe(before);
  });

  it('is taken once when it comes to two nodes in the same moment', async () => {
    const parts = await stolen(await world.phone('alice'));
    const other = await Attacker.at(world, '10.66.0.2');
    const answers = await Promise.all([mallory.ask(parts, { node: 0 }), other.ask(parts, { node: 1 })]);
    expect(answers.flat().sort()).toEqual([200, 401]);
    await other.close();
  });
});

/** Alice calls, and Bob's phone rings. */
const ringing = async () => {
  const [alice, bob] = [await registeredPhone(world, 'alice'), await registeredPhone(world, 'bob')];
  bob.onRequest = (request, reply) => request.method === 'INVITE' && reply(180);
  const call = alice.request('INVITE', bob.aor);
  await world.advance(100);
  return { alice, bob, call, invite: bob.received[0]! };
};

describe('an answer that nobody asked for', () => {
  beforeEach(() => start());

  const answerTo = (invite: SipMessage, vias: readonly string[], status = '200 OK'): string =>
    `SIP/2.0 ${status}\r\n${vias.map((via) => `Via: ${via}\r\n`).join('')}From: ${invite.header(H.From)!}\r\n` +
    `To: ${invite.header(H.To)!};tag=evil\r\nCall-ID: ${invite.header(H.CallId)!}\r\nCSeq: ${invite.header(H.CSeq)!}\r\n` +
    'Contact: <sip:mallory@10.66.0.1:5060>\r\nContent-Length: 0\r\n\r\n';

  it('with a branch that was never sent goes to nobody', async () => {
    const { call, invite } = await ringing();
    const [top = '', ...others] = values(invite, H.Via);
    const branch = viaBranch(invite);
    const last = branch.endsWith('a') ? 'b' : 'a';
    const guesses = [`${branch.slice(0, -1)}${last}`, branch.slice(0, -1), 'z9hG4bK1', ''];
    for (const guess of guesses) {
      const forged = top.replace(branch, guess);
      await mallory.send(answerTo(invite, [forged, ...others]));
      await mallory.send(answerTo(invite, [forged, ...others], '603 Decline'));
    }
    expect(call.responses.map(({ status }) => status)).toEqual([100, 180]);
  });

  it('with the Vias of the caller alone goes to nobody', async () => {
    const { call, invite } = await ringing();
    const vias = values(invite, H.Via);
    for (let n = 1; n <= vias.length; n++) await mallory.send(answerTo(invite, vias.slice(n)));
    expect(call.responses.map(({ status }) => status)).toEqual([100, 180]);
  });

  it('of the right branch counts only from the side that was asked', async () => {
    const { call, invite } = await ringing();
    const inside = await Attacker.at(world, '10.1.0.66', 'tcp');
    await inside.send(answerTo(invite, values(invite, H.Via)), 5058);
    expect(call.responses.map(({ status }) => status)).toEqual([100, 180]);
    await inside.close();
  });

  it('to a call that is over changes nothing of it', async () => {
    const { alice, call, invite } = await ringing();
    call.cancel();
    await world.advance(40_000);
    const heard: number[] = [];
    alice.onTraffic = (direction, message) => direction === 'in' && heard.push(message.status);
    await mallory.send(answerTo(invite, values(invite, H.Via)));
    expect(heard).toEqual([]);
  });
});

/** A call that is up, with everything that its two sides know of it. */
const talking = async () => {
  const [alice, bob] = [await registeredPhone(world, 'alice'), await registeredPhone(world, 'bob')];
  const { request, answer } = await world.until(alice.call(bob.aor));
  expect(statusOf(answer)).toBe(200);
  const invite = bob.received.find(({ method }) => method === 'INVITE')!;
  return { alice, bob, request, answer: answer as SipMessage, invite };
};

const methodsOf = ({ received }: Phone): readonly string[] => received.map(({ method }) => method);

describe('a forged CANCEL', () => {
  beforeEach(() => start());

  it('of one who has to guess the branch stops nothing', async () => {
    const { alice, bob, call } = await ringing();
    const { branch, from, to, callId, cseq, uri } = call.request;
    const cancel = { method: 'CANCEL', uri, from, to, callId, cseq, contact: '' };
    const sentBy = `UDP ${alice.options.address}:5060`;
    expect(await mallory.ask({ ...cancel, branch: `${branch}x` })).toEqual([481]);
    expect(await mallory.ask({ ...cancel, branch })).toEqual([481]);
    await mallory.ask({ ...cancel, branch: branch.slice(0, -1) }, { sentBy });
    expect(methodsOf(bob)).toEqual(['INVITE']);
    expect(call.responses.map(({ status }) => status)).toEqual([100, 180]);
  });

  it('of one who knows the branch stops nothing', async () => {
    const { alice, bob, call } = await ringing();
    const { branch, from, to, callId, cseq, uri } = call.request;
    const cancel = { method: 'CANCEL', uri, branch, from, to, callId, cseq, contact: '' };
    const sentBy = `UDP ${alice.options.address}:5060`;
    expect(await mallory.ask(cancel, { sentBy })).toEqual([481]);
    expect(methodsOf(bob)).toEqual(['INVITE']);
    expect(call.responses.map(({ status }) => status)).toEqual([100, 180]);
  });

  it('of a call that is up does not end it', async () => {
    const { alice, bob, invite, request } = await talking();
    const cancel = {
      method: 'CANCEL',
      uri: bob.aor,
      from: request.from,
      to: `<${bob.aor}>`,
      callId: invite.header(H.CallId)!,
      contact: '',
    };
    await mallory.ask({ ...cancel, branch: viaBranch(invite) });
    expect([methodsOf(alice), methodsOf(bob)]).toEqual([[], ['INVITE', 'ACK']]);
  });
});

describe('a forged BYE', () => {
  beforeEach(() => start());

  const byeOf = ({
    request,
    answer,
    invite,
  }: Awaited<ReturnType<typeof talking>>): Partial<RequestParts> => ({
    method: 'BYE',
    uri: 'sip:bob@10.0.0.2:5060;transport=udp',
    from: request.from,
    to: answer.header(H.To)!,
    callId: invite.header(H.CallId)!,
    cseq: 99,
    headers: values(answer, H.RecordRoute)
      .toReversed()
      .map((route) => `Route: ${route}\r\n`)
      .join(''),
  });

  it('of a stranger is refused, even if all of the dialog is known to it', async () => {
    const call = await talking();
    expect(await mallory.ask(byeOf(call))).toEqual([403]);
    expect([methodsOf(call.alice), methodsOf(call.bob)]).toEqual([[], ['INVITE', 'ACK']]);
  });

  it('of a registered user who was not told the route ends nothing', async () => {
    const call = await talking();
    const eve = await registeredPhone(world, 'eve');
    const { method, uri, headers: _route, ...bye } = byeOf(call);
    for (const headers of ['', 'Route: <sip:10.1.0.1:5060;lr>, <sip:scscf.ims.test:5054;lr>\r\n']) {
      const { final } = eve.request(method!, uri!, { ...bye, headers });
      expect(statusOf(await world.until(final))).toBeGreaterThanOrEqual(400);
    }
    expect([methodsOf(call.alice), methodsOf(call.bob)]).toEqual([[], ['INVITE', 'ACK']]);
  });
});

describe('a Call-ID that is in use', () => {
  beforeEach(() => start());

  it('of another registration, with a higher CSeq, changes nothing of that one', async () => {
    const alice = await registeredPhone(world, 'alice');
    const before = await rowText(world, 'alice');
    const eve = await world.phone('eve');
    expect(statusOf(await world.until(eve.register({ callId: alice.callId, cseq: 9_000 })))).toBe(200);
    expect(await rowText(world, 'alice')).toBe(before);
    expect(statusOf(await world.until(alice.register()))).toBe(200);
  });

  it('of another call, with its From tag, disturbs neither the call nor what is kept of it', async () => {
    const call = await talking();
    const eve = await registeredPhone(world, 'eve');
    const { from, callId } = { from: call.request.from, callId: call.invite.header(H.CallId)! };
    expect(tagOf(from)).not.toBe('');
    const again = await world.until(eve.call(call.bob.aor, { from, callId }));
    expect(statusOf(again.answer)).toBe(200);
    const bye = call.alice.inDialog('BYE', { request: call.request, answer: call.answer }, 2)!;
    expect(statusOf(await world.until(bye.final))).toBe(200);
    const served = (await world.events()).filter(({ event }) => event.type === 'OriginatingServed');
    expect(new Set(served.map(({ stream }) => stream)).size).toBe(2);
    expect(served.map(({ event }) => (event.data as { served: string }).served)).toEqual([
      'sip:alice@ims.test',
      'sip:eve@ims.test',
    ]);
  });
});

it('answers to a forger carry nothing that it did not send', async () => {
  await start();
  await talking();
  await mallory.ask({ method: 'BYE', uri: 'sip:bob@ims.test', to: '<sip:bob@ims.test>;tag=x' });
  const answer = parsed(mallory.heard.at(-1)!);
  expect([answer.status, values(answer, H.Via)]).toEqual([403, [expect.stringContaining('10.66.0.1')]]);
  expect(answer.raw).not.toContain('10.0.0.');
});
