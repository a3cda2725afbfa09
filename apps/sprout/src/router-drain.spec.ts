// Whom a router that drains lets in: what belongs to something that it has begun.
import { type Flow, parseMessage, type SipMessage } from '#libs/sip';
import { routerAdmission } from './router-drain.js';

const EDGE = { listener: 'trusted' } as Flow;

const request = (method: string, headers = '', uri = 'sip:b@ims.test'): SipMessage => {
  const parsed = parseMessage(
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@ims.test>;tag=1\r\nTo: <sip:b@ims.test>\r\n${headers}Call-ID: 1\r\nCSeq: 1 ${method}\r\n\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

it.each([
  ['a call', request('INVITE'), EDGE, false],
  ['a registration', request('REGISTER'), EDGE, false],
  ['what comes back from a server of a chain', request('INVITE', 'Route: <sip:odi_x@10.0.0.9;lr>\r\n'), EDGE, true],
  ['what comes within the process', request('INVITE'), undefined, true],
  ['an emergency call', request('INVITE', '', 'urn:service:sos'), EDGE, true],
] as const)('%s', (_what, message, flow, is) => expect(routerAdmission(message, flow)).toBe(is)); // prettier-ignore
