// Requests that a client transaction makes from the one it sent: ACK for a non-2xx (RFC 3261 §17.1.1.3) and CANCEL
// (§9.1). Same Request-URI, topmost Via, Call-ID, From, CSeq number and Route set as what was sent.
import { H } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';
import { parseMessage } from '../message/parse-message.js';

/** `request` is the INVITE as sent. '' when that cannot be read, which is a defect of whoever edited it. */
export const makeAck = (request: string, response: SipMessage): string =>
  derive(request, 'ACK', response.header(H.To), '');

/** `reason` is a Reason header value (RFC 3326) or ''. */
export const makeCancel = (request: string, reason: string): string =>
  derive(request, 'CANCEL', undefined, reason === '' ? '' : `Reason: ${reason}\r\n`);

const derive = (
  request: string,
  method: 'ACK' | 'CANCEL',
  to: string | undefined,
  headers: string,
): string => {
  const parsed = parseMessage(request);
  if (!parsed.ok) return '';
  const { message } = parsed;
  let routes = '';
  for (let line = message.findLine(H.Route); line >= 0; line = message.findLine(H.Route, line + 1))
    routes += `Route: ${message.lineValue(line)}\r\n`;
  // Our Via has a line of its own: Edits writes it so.
  return (
    `${method} ${message.requestUri} SIP/2.0\r\n` +
    `Via: ${message.header(H.Via) ?? ''}\r\n` +
    routes +
    'Max-Forwards: 70\r\n' +
    `From: ${message.header(H.From) ?? ''}\r\n` +
    `To: ${to ?? message.header(H.To) ?? ''}\r\n` +
    `Call-ID: ${message.header(H.CallId) ?? ''}\r\n` +
    `CSeq: ${message.cseq} ${method}\r\n` +
    headers +
    'Content-Length: 0\r\n\r\n'
  );
};
