import { parseMessage, type SipMessage } from '#libs/sip';
import { urgencyOf } from './urgency.js';

const request = (method: string, uri = 'sip:bob@ims.test', tag = '', headers = ''): SipMessage => {
  const parsed = parseMessage(
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@ims.test>;tag=1\r\n` +
      `To: <sip:b@ims.test>${tag}\r\nCall-ID: 1\r\nCSeq: 1 ${method}\r\n${headers}\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

it.each([
  ['always', 'in a dialog', request('BYE', undefined, ';tag=2')],
  ['always', 'an emergency', request('INVITE', 'urn:service:sos')],
  ['always', 'with priority', request('INVITE', undefined, '', 'Resource-Priority: wps.0\r\n')],
  [
    'always',
    'back from an application server',
    request('INVITE', undefined, '', 'Route: <sip:odi_1a@scscf.ims.test:5054;lr>\r\n'),
  ],
  ['new', 'on its way to one', request('INVITE', undefined, '', 'Route: <sip:odium@as.test;lr>\r\n')],
  ['known', 'a registration', request('REGISTER')],
  ['known', 'a subscription', request('SUBSCRIBE')],
  ['known', 'a health check', request('OPTIONS')],
  ['new', 'a call', request('INVITE')],
])('%s: %s', (urgency, _what, message) => expect(urgencyOf(message)).toBe(urgency));
