// The main job in the simulated world: phones register and call through edge and router, and it is all in the log.
import { liveBindings } from '#libs/domain';
import { bindingsIn, type Phone } from '#libs/phone';
import { H, type SipMessage } from '#libs/sip';
import { createWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.subscriber('alice');
  await world.subscriber('bob');
});
afterEach(() => world.close());

const final = (answer: SipMessage | 'timeout'): SipMessage => {
  if (answer === 'timeout') throw new Error('no answer');
  return answer;
};

const registered = async (user: string, options = {}): Promise<Phone> => {
  const phone = await world.phone(user, options);
  expect(final(await world.until(phone.register())).status).toBe(200);
  return phone;
};

it('registers a phone, its binding in the log before the 200 OK', async () => {
  const alice = await world.phone('alice');
  const answer = final(await world.until(alice.register({ expiresS: 3600 })));
  expect(answer.status).toBe(200);
  expect([...bindingsIn(answer).values()]).toEqual([300]);
  expect((await world.events()).map(({ stream, event }) => `${stream} ${event.type}`)).toEqual([
    'registration-sip:alice@ims.test BindingAdded',
  ]);
});

it('carries a call, with the caller asserted, and tells its decisions', async () => {
  const alice = await registered('alice');
  const bob = await registered('bob');
  const { answer, request } = await world.until(alice.call(bob.aor));
  expect(final(answer).status).toBe(200);
  const [invite] = bob.received;
  expect(invite?.header(H.PAssertedIdentity)).toBe('<sip:alice@ims.test>');
  expect(invite?.header(H.PCalledPartyId)).toBe('<sip:bob@ims.test>');
  const bye = alice.inDialog('BYE', { request, answer: final(answer) }, 2)!;
  expect(final(await world.until(bye.final)).status).toBe(200);
  const told = Map.groupBy(await world.events(), ({ stream }) => stream);
  const story = (start: string) =>
    [...told]
      .filter(([stream]) => stream.startsWith(start))
      .map(([, events]) => events.map(({ event }) => event.type));
  expect(story('call-')).toEqual([['OriginatingServed', 'TerminatingServed', 'CallAnswered', 'CallEnded']]);
  expect(story('charging-')).toEqual([
    ['ChargingStarted', 'ChargingStopped'],
    ['ChargingStarted', 'ChargingStopped'],
  ]);
});

it('lets both phones of a user ring and cancels the one that did not answer', async () => {
  const alice = await registered('alice');
  const desk = await registered('bob', { instance: 'urn:uuid:00000000-0000-4000-8000-000000000001' });
  const mobile = await registered('bob', { instance: 'urn:uuid:00000000-0000-4000-8000-000000000002' });
  const cancelled = new Promise((resolve) => (desk.onCancelled = resolve));
  desk.onRequest = (request, reply) => reply(request.method === 'INVITE' ? 180 : 200);
  const { answer } = await world.until(alice.call('sip:bob@ims.test'));
  expect(final(answer).status).toBe(200);
  await world.until(cancelled);
  expect(mobile.received.map(({ method }) => method)).toContain('ACK');
});

it.each([
  ['480 for a user without a device', 'sip:bob@ims.test', 480],
  ['404 for nobody', 'sip:nobody@ims.test', 404],
])('answers %s', async (_name, uri, status) => {
  const alice = await registered('alice');
  expect(final((await world.until(alice.call(uri))).answer).status).toBe(status);
});

it('answers 403 to a caller who is not registered on the flow', async () => {
  const alice = await world.phone('alice');
  expect(final((await world.until(alice.call('sip:bob@ims.test'))).answer).status).toBe(403);
});

it('strips what only the network may say', async () => {
  const alice = await registered('alice');
  const bob = await registered('bob');
  await world.until(
    alice.call(bob.aor, {
      headers:
        'P-Asserted-Identity: <sip:ceo@ims.test>\r\nP-Served-User: <sip:ceo@ims.test>\r\nP-Charging-Vector: icid-value=x\r\n',
    }),
  );
  const [invite] = bob.received;
  expect(invite?.header(H.PAssertedIdentity)).toBe('<sip:alice@ims.test>');
  expect(invite?.has(H.PServedUser)).toBe(false);
  expect(invite?.has(H.PChargingVector)).toBe(false);
});

it('expires a binding from the log alone, at its time', async () => {
  await registered('alice');
  await world.advance(299_000);
  expect(liveBindings(await world.row('sip:alice@ims.test'), world.clock.nowMs())).toHaveLength(1);
  await world.advance(3_000);
  const types = (await world.events()).map(({ event }) => event.type);
  expect(types).toEqual(['BindingAdded', 'BindingRemoved']);
}, 60_000);

it('answers 403 to a wrong password and keeps the binding that is there', async () => {
  await registered('alice');
  const thief = await world.phone('alice', { password: 'guess' });
  expect(final(await world.until(thief.register())).status).toBe(403);
  expect((await world.events()).map(({ event }) => event.type)).toEqual(['BindingAdded']);
});

it('fails when the registration view cannot fold what is in the log', async () => {
  await world.log.append('registration-sip:alice@ims.test', [{ type: 'BindingRemoved', data: { upTo: {} } }]);
  await expect(world.advance(100)).rejects.toThrow('the registration view stopped');
});

it('repairs the view when the store answers again', async () => {
  const alice = await world.phone('alice');
  world.faults.store = true;
  const data = {
    bindingId: '__proto__',
    contact: 'sip:a@10.0.0.1',
    expiresAtMs: world.clock.nowMs() + 300_000,
    path: [],
  };
  await world.log.append(`registration-${alice.aor}`, [{ type: 'BindingAdded', data }]);
  await world.advance(100);
  world.faults.store = false;
  await world.advance(100);
  expect(liveBindings(await world.row(alice.aor), world.clock.nowMs())).toHaveLength(1);
});
