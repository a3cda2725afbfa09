// 1.3: a JsSIP client over WebSocket registers, calls a UDP phone, is called by it, sends and gets a MESSAGE.
import type { UA } from 'jssip';
import { firstHeader, statusOf } from '#libs/testkit';
import { until } from '../../harness/children.js';
import { createJsSip } from '../../harness/jssip-client.js';
import type { Phone } from '../../harness/phone.js';
import { expectCall, invite } from '../../harness/phone-call.js';
import { type Product, withProduct } from '../../harness/product.js';
import { bodyOf } from '../../harness/sip-text.js';
import { PASSWORD, type User } from '../../harness/users.js';
import { checkStatus, newUser, registeredPhone } from '../checks.js';
import type { Line, Report } from '../line.js';

const STEP_MS_MAX = 10_000;

type Session = ReturnType<UA['call']>;

const watch = (session: Session): readonly string[] => {
  const events: string[] = [];
  session.on('progress', () => void events.push('progress'));
  session.on('accepted', () => void events.push('accepted'));
  session.on('confirmed', () => void events.push('confirmed'));
  session.on('ended', () => void events.push('ended'));
  session.on('failed', ({ cause }) => void events.push(`failed ${cause}`));
  return events;
};

const has = (what: string, events: readonly string[], event: string) =>
  until(`${what}: ${event} (so far ${events.join(', ')})`, STEP_MS_MAX, () =>
    events.includes(event) ? true : undefined,
  );

const register = async (report: Report, product: Product, user: User): Promise<UA> => {
  const client = createJsSip({ user, password: PASSWORD, port: product.ports.BONO_WS_PORT });
  let outcome = '';
  client.on('registered', () => void (outcome = 'registered'));
  client.on('registrationFailed', ({ cause }) => void (outcome = `failed ${cause ?? ''}`));
  client.start();
  await until('JsSIP to register', STEP_MS_MAX, () => (outcome === '' ? undefined : true));
  report.check('JsSIP registers', outcome === 'registered', outcome);
  return client;
};

const callPhone = async (report: Report, client: UA, user: User, phone: Phone): Promise<void> => {
  const session = client.call(phone.user.impu, { mediaConstraints: { audio: false, video: false } });
  const events = watch(session);
  const arrived = await expectCall(phone);
  const asserted = firstHeader(arrived.invite, 'P-Asserted-Identity') ?? '';
  report.check('the phone sees who calls', asserted.includes(user.impu), asserted);
  arrived.ring();
  await has('JsSIP calls', events, 'progress');
  await arrived.answer();
  await has('JsSIP calls', events, 'confirmed');
  session.terminate();
  phone.reply(await phone.take('BYE'), 200, 'OK');
  await has('JsSIP calls', events, 'ended');
  report.check('JsSIP calls the UDP phone', true);
};

const callJsSip = async (report: Report, client: UA, user: User, phone: Phone): Promise<void> => {
  const sessions: Session[] = [];
  client.on('newRTCSession', (event: { originator: string; session: Session }) => {
    if (event.originator === 'remote') sessions.push(event.session);
  });
  const call = invite(phone, user.impu);
  const session = await until('a session at JsSIP', STEP_MS_MAX, () => sessions[0]);
  const events = watch(session);
  await call.response(180);
  session.answer({ mediaConstraints: { audio: false, video: false } });
  checkStatus(report, 'the phone calls JsSIP', await call.final, 200);
  await has('the phone calls', events, 'confirmed');
  checkStatus(report, 'the phone ends the call', await call.bye(), 200);
  await has('the phone calls', events, 'ended');
};

const exchangeMessages = async (report: Report, client: UA, user: User, phone: Phone): Promise<void> => {
  let sent = '';
  client.sendMessage(phone.user.impu, 'good day', {
    contentType: 'text/plain',
    eventHandlers: {
      succeeded: () => void (sent = 'ok'),
      failed: ({ cause }) => void (sent = `failed ${cause}`),
    },
  });
  const got = await phone.take('MESSAGE');
  report.check('the phone gets the message', bodyOf(got) === 'good day', got);
  await until('JsSIP to hear that it arrived', STEP_MS_MAX, () => (sent === '' ? undefined : true));
  report.check('JsSIP hears that it arrived', sent === 'ok', sent);

  let received = '';
  client.on('newMessage', (event: { originator: string; request: { body: string } }) => {
    if (event.originator === 'remote') received = event.request.body;
  });
  const answer = await phone.send('MESSAGE', user.impu, {
    headers: [['Content-Type', 'text/plain']],
    body: 'and to you',
  });
  report.check('JsSIP gets a message', statusOf(answer) === 200 && received === 'and to you', received);
};

export const line: Line = {
  async run(report) {
    await withProduct({}, async (product) => {
      const user = await newUser(product, 'web');
      const phone = await registeredPhone(report, product, 'desk');
      const client = await register(report, product, user);
      try {
        await callPhone(report, client, user, phone);
        await callJsSip(report, client, user, phone);
        await exchangeMessages(report, client, user, phone);
        report.figure('jssip', 'registered, called, was called, exchanged messages');
      } finally {
        client.stop();
        phone.close();
      }
    });
  },
};
