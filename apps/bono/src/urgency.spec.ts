// Who is refused last: read from the request, and never from what a stranger merely writes into it.
import { type Flow, parseMessage, type SipMessage } from '#libs/sip';
import { ClientFlows } from './client-flows.js';
import { TRUSTED_LISTENER } from './ports.js';
import { urgencyOf } from './urgency.js';

const ALICE = 'sip:alice@ims.test';

const flowAt = (remotePort: number, listener = 'untrusted'): Flow => ({
  transport: 'udp',
  reliable: false,
  listener,
  localAddress: '10.1.0.1',
  localPort: 5060,
  remoteAddress: '10.0.0.1',
  remotePort,
  connectionId: 0,
  closed: false,
  send: () => true,
  close: () => undefined,
});
const HOME = flowAt(5060);
const STRANGE = flowAt(5070);
const CORE = flowAt(5054, TRUSTED_LISTENER);

const flows = new ClientFlows({ tokens: { of: () => 'token', flow: () => HOME } });
flows.register(HOME, [
  {
    impu: ALICE,
    impi: 'alice@ims.test',
    instance: '',
    contacts: [],
    expiresAtMs: 60_000,
    serviceRoute: undefined,
  },
]);

const request = (method: string, { to = ALICE, uri = 'sip:ims.test', headers = '' } = {}): SipMessage => {
  const parsed = parseMessage(
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <${ALICE}>;tag=1\r\nTo: <${to}>` +
      `${headers.startsWith(';') ? headers : `\r\n${headers}`.trimEnd()}\r\nCall-ID: 1\r\nCSeq: 1 ${method}\r\n\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};
const EMERGENCY = { numbers: new Set(['112']), homeDomain: 'ims.test' };
const urgency = (message: SipMessage, flow: Flow) => urgencyOf(flows, 0, message, flow, EMERGENCY);

it.each([
  ['a request in a dialog', request('BYE', { headers: ';tag=2' }), STRANGE],
  ['an emergency call', request('INVITE', { uri: 'urn:service:sos.fire' }), STRANGE],
  ['an emergency call by its number', request('INVITE', { uri: 'tel:112' }), STRANGE],
  ['an emergency registration', request('REGISTER', { headers: 'Contact: <sip:a@10.0.0.1;sos>' }), STRANGE],
  ['what the router has let in', request('INVITE'), CORE],
  [
    'Resource-Priority of a registered client',
    request('INVITE', { headers: 'Resource-Priority: ets.0' }),
    HOME,
  ],
  [
    'Priority: emergency of a registered client',
    request('MESSAGE', { headers: 'Priority: Emergency' }),
    HOME,
  ],
])('never refuses %s', (_what, message, flow) => expect(urgency(message, flow)).toBe('always'));

it.each([
  ['a refresh by who is registered on the flow', request('REGISTER'), HOME],
  ['a health check of theirs', request('OPTIONS'), HOME],
])('knows %s', (_what, message, flow) => expect(urgency(message, flow)).toBe('known'));

it('tells an answer to a challenge, and a health check by somebody else', () => {
  const headers = 'Authorization: Digest nonce="x", response="0a"';
  expect(urgency(request('REGISTER', { headers }), HOME)).toBe('renewing');
  expect(urgency(request('REGISTER', { to: 'sip:bob@ims.test', headers }), STRANGE)).toBe('begun');
  expect(urgency(request('OPTIONS'), STRANGE)).toBe('begun');
});

it.each([
  ['a first registration', request('REGISTER'), STRANGE],
  ['another user on a known flow', request('REGISTER', { to: 'sip:bob@ims.test' }), HOME],
  [
    'credentials that answer nothing',
    request('REGISTER', { headers: 'Authorization: Digest username="a", response=""' }),
    STRANGE,
  ],
  ['a new call', request('INVITE'), HOME],
  ['priority that a stranger writes', request('INVITE', { headers: 'Resource-Priority: ets.0' }), STRANGE],
  ['a URN that only begins like an emergency', request('INVITE', { uri: 'urn:service:sosial' }), STRANGE],
])('refuses first: %s', (_what, message, flow) => expect(urgency(message, flow)).toBe('new'));
