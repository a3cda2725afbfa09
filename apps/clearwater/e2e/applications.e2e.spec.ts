// Application servers written with the real drachtio-srf, attached to the built product over its control port: they answer,
// bridge, reject and proxy calls that filter criteria send to them, and keep their dialogs (docs/application-servers.md).
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { Phone } from '#libs/phone';
import { H, type SipMessage } from '#libs/sip';
import { statusOf } from './phone-calls.js';
import { metricOf, sendCallsTo, until } from './application-calls.js';
import { RunningProduct } from './running-product.js';

const KEY = 'a-key-of-this-test-alone';
const SECRET = 'a-secret-of-this-test';
const PROGRAM = path.resolve(import.meta.dirname, 'thirty-lines.mjs');
const SDP =
  'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n';

let product: RunningProduct;
let program: ChildProcess;
let alice: Phone;
let bob: Phone;

const metric = (name: string): Promise<number> => metricOf(product, name);

const attach = async (): Promise<void> => {
  const { DRACHTIO_PORT } = product.ports;
  const env = { ...process.env, DRACHTIO_PORT: String(DRACHTIO_PORT), DRACHTIO_SECRET: SECRET };
  program = spawn(process.execPath, [PROGRAM], { env, stdio: 'inherit' });
  await until('four applications', async () => (await metric('drachtio_applications')) === 4);
};

const sendBobsCallsTo = (tag: string, handling = 0): Promise<void> =>
  sendCallsTo(product, KEY, bob.aor, { tag, handling });

beforeAll(async () => {
  product = await RunningProduct.start({ API_KEYS: KEY, DRACHTIO_SECRET: SECRET });
  alice = await product.phone('alice');
  bob = await product.phone('bob');
  for (const phone of [alice, bob]) expect(statusOf(await phone.register())).toBe(200);
  await attach();
});
beforeEach(() => {
  alice.received.length = 0;
  bob.received.length = 0;
  bob.onRequest = (request, reply) => {
    if (request.method === 'INVITE') reply(180);
    const sdp = request.method === 'INVITE' ? 'Content-Type: application/sdp\r\n' : '';
    if (request.method !== 'ACK') reply(200, sdp, sdp === '' ? '' : SDP);
  };
  alice.onRequest = bob.onRequest;
});
afterAll(async () => {
  program.kill('SIGKILL');
  await product.close();
});

const offer = { headers: 'Content-Type: application/sdp\r\n', body: SDP };
const call = () => alice.call(bob.aor, offer);
const methods = (phone: Phone): string[] => phone.received.map(({ method }) => method);

it('answers', async () => {
  await sendBobsCallsTo('answer');
  const { request, answer } = await call();
  expect(statusOf(answer)).toBe(200);
  expect((answer as SipMessage).body).toBe(SDP);
  const again = alice.inDialog('INVITE', { request, answer: answer as SipMessage }, 2)!;
  expect(statusOf(await again.final)).toBe(200);
  alice.inDialog('ACK', { request, answer: answer as SipMessage }, 2);
  expect(statusOf(await alice.inDialog('BYE', { request, answer: answer as SipMessage }, 3)!.final)).toBe(
    200,
  );
  expect(bob.received).toEqual([]);
  await until('no dialog is left', async () => (await metric('drachtio_dialogs')) === 0);
});

it('rejects', async () => {
  await sendBobsCallsTo('reject');
  expect(statusOf((await call()).answer)).toBe(486);
  expect(bob.received).toEqual([]);
});

it('proxies, and stays in the dialog', async () => {
  await sendBobsCallsTo('proxy');
  const { request, answer } = await call();
  expect(statusOf(answer)).toBe(200);
  expect((answer as SipMessage).raw).toMatch(/Record-Route: <sip:proxy@127/);
  await until('the ACK arrives', () => methods(bob).includes('ACK'));
  expect(statusOf(await alice.inDialog('BYE', { request, answer: answer as SipMessage }, 2)!.final)).toBe(
    200,
  );
  expect(methods(bob)).toEqual(['INVITE', 'ACK', 'BYE']);
});

it('bridges, and keeps the dialog: re-INVITE, hold and REFER either way, BYE of the caller', async () => {
  await sendBobsCallsTo('bridge');
  const { request, answer } = await call();
  expect(statusOf(answer)).toBe(200);
  const [invite] = bob.received;
  expect(invite!.header(H.CallId)).not.toBe(request.callId);
  expect(invite!.header(H.From)).toContain('sip:alice@ims.test');
  expect(invite!.header(H.ContentType)).toBe('application/sdp');
  await until('the ACK arrives', () => methods(bob).includes('ACK'));
  const within = { request, answer: answer as SipMessage };
  const callee = bob.dialogOf(invite!);
  const hold = { headers: offer.headers, body: SDP.replace('sendrecv', 'sendonly') };
  expect(statusOf(await bob.within(callee, 'INVITE', hold)!.final)).toBe(200);
  bob.within(callee, 'ACK');
  await until('alice is asked to hold', () => alice.received.some(({ body }) => body.includes('sendonly')));
  const refer = bob.within(callee, 'REFER', { headers: 'Refer-To: <sip:carol@ims.test>\r\n' })!;
  expect(statusOf(await refer.final)).toBe(200);
  expect(alice.received.find(({ method }) => method === 'REFER')?.header(H.ReferTo)).toBe(
    '<sip:carol@ims.test>',
  );
  expect(statusOf(await alice.inDialog('BYE', within, 2)!.final)).toBe(200);
  await until('bob is told', () => methods(bob).includes('BYE'));
});

it('bridges, and ends when the callee hangs up', async () => {
  expect(statusOf((await call()).answer)).toBe(200);
  await until('the ACK arrives', () => methods(bob).includes('ACK'));
  expect(statusOf(await bob.within(bob.dialogOf(bob.received[0]!), 'BYE')!.final)).toBe(200);
  await until('alice is told', () => methods(alice).includes('BYE'));
  await until('no dialog is left', async () => (await metric('drachtio_dialogs')) === 0);
});

it('takes a cancelled call back from the callee', async () => {
  bob.onRequest = (_request, reply) => reply(180);
  const invite = alice.request('INVITE', bob.aor, offer);
  await until('it rings', () => invite.responses.some(({ status }) => status === 180));
  invite.cancel();
  expect(statusOf(await invite.final)).toBe(487);
  await until('bob is told', () => methods(bob).includes('CANCEL'));
});

it('dies: a call that it has not answered goes on, one that rang has an answer, a session ends on both sides', async () => {
  await sendBobsCallsTo('bridge');
  const established = await call();
  await until('the ACK arrives', () => methods(bob).includes('ACK'));
  expect(statusOf(established.answer)).toBe(200);
  bob.onRequest = (request, reply) => {
    if (request.method === 'INVITE') reply(180);
    else if (request.method !== 'ACK') reply(200);
  };
  const ringing = alice.request('INVITE', bob.aor, offer);
  await until('it rings', () => ringing.responses.some(({ status }) => status === 180));
  // The next one reaches bob, who says nothing yet: the application has said nothing either.
  let asked = 0;
  bob.onRequest = (request, reply) => {
    if (request.method !== 'INVITE') return request.method === 'ACK' ? undefined : reply(200);
    if (++asked > 1) reply(200, offer.headers, SDP);
  };
  const quiet = alice.request('INVITE', bob.aor, offer);
  await until('bob is asked', () => asked === 1);
  program.kill('SIGKILL');
  expect(statusOf(await ringing.final)).toBe(500);
  expect(statusOf(await quiet.final)).toBe(200);
  expect(asked).toBe(2);
  await until('both are told', () => methods(alice).includes('BYE') && methods(bob).includes('BYE'));
  expect(await metric('drachtio_dialogs')).toBe(0);
  // Nobody is attached: default handling decides.
  bob.onRequest = (request, reply) => void (request.method !== 'ACK' && reply(200));
  expect(statusOf((await call()).answer)).toBe(200);
  await sendBobsCallsTo('bridge', 1);
  expect(statusOf((await call()).answer)).toBe(500);
});
