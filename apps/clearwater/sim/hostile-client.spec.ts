// What a hostile client tries at the edge, on the whole core: to speak as another, to relay, to stall the process
// (docs/architecture.md §7). Each of these once worked on some implementation.
import type { Phone } from '#libs/phone';
import { H, type SipMessage } from '#libs/sip';
import { createWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.subscriber('alice');
  await world.subscriber('bob');
});
afterEach(() => world.close());

const status = (answer: SipMessage | 'timeout'): number => (answer === 'timeout' ? 0 : answer.status);

const registered = async (user: string): Promise<Phone> => {
  const phone = await world.phone(user);
  expect(status(await world.until(phone.register()))).toBe(200);
  return phone;
};

it('refuses a REGISTER with a To tag, and relays none', async () => {
  const accomplice = await world.phone('mallory');
  const mallory = await world.phone('mallory');
  const { final } = mallory.request('REGISTER', `sip:m@${accomplice.options.address}:${accomplice.port}`, {
    to: '<sip:alice@ims.test>;tag=x',
    headers: 'Expires: 300\r\n',
  });
  expect(status(await world.until(final))).toBe(400);
  expect(accomplice.received).toEqual([]);
});

it('forwards an in-dialog request to the core that it knows, whatever parameters the client wrote', async () => {
  const alice = await registered('alice');
  const elsewhere = await world.phone('mallory');
  const { final } = alice.request('BYE', `sip:x@${elsewhere.options.address}:${elsewhere.port}`, {
    to: '<sip:bob@ims.test>;tag=x',
    headers: `Route: <sip:10.1.0.1:5060;lr>, <sip:scscf.ims.test:5054;maddr=${elsewhere.options.address};transport=udp;lr>\r\n`,
  });
  await world.until(final);
  expect(elsewhere.received).toEqual([]);
});

it('keeps nothing of a client that was not let in', async () => {
  const thief = await world.phone('alice', { password: 'guess' });
  expect(status(await world.until(thief.register()))).toBe(403);
  expect(world.bono.flows.size).toBe(0);
});

it('spends no more on long blanks in credentials than on other text', async () => {
  const mallory = await world.phone('mallory');
  const before = process.cpuUsage();
  const headers = `Expires: 300\r\nAuthorization: Digest a=b${' '.repeat(50_000)}x\r\n`;
  await world
    .until(mallory.request('REGISTER', 'sip:ims.test', { headers }).final, 1_000)
    .catch(() => undefined);
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1_500);
});

it('takes a name that JavaScript knows for an instance like any other', async () => {
  const phone = await world.phone('alice', { instance: '__proto__' });
  const contact = `${phone.contact};+sip.instance="__proto__"`;
  expect(status(await world.until(phone.register({ contact })))).toBe(200);
  expect(status(await world.until(phone.register({ contact })))).toBe(200);
});

it('records its side of a call whatever the callee is called', async () => {
  const [alice, bob] = [await registered('alice'), await registered('bob')];
  const { answer, request } = await world.until(alice.call(bob.aor, { to: '"x;tag=1" <sip:bob@ims.test>' }));
  expect(status(answer)).toBe(200);
  const [invite] = bob.received;
  expect(invite?.header(H.RecordRoute)).toContain('10.1.0.1:5060');
  const bye = alice.inDialog('BYE', { request, answer: answer as SipMessage }, 2)!;
  expect(status(await world.until(bye.final))).toBe(200);
});

it('reaches a user of the home domain with any port in the address', async () => {
  const [alice] = [await registered('alice'), await registered('bob')];
  expect(status((await world.until(alice.call('sip:bob@ims.test:5060'))).answer)).toBe(200);
});
