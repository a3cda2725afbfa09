// Responses made here (RFC 3261 §8.2.6): what is copied from the request, a To tag, and the reason phrases.
// Readers: server-transaction.ts, endpoint.ts, proxy.ts.
import type { Random } from '#libs/runtime';
import type { Flow } from '../transport/transport.port.js';
import type { TopVia } from './top-via.js';
import { H } from '../message/header-table.js';
import { LINE_STRIDE, type SipMessage } from '../message/message.js';
import { headerParam } from '../fields/params.js';
import { COMMA, indexOutside, trimEnd } from '../message/scan.js';
import { receivedVia } from '../fields/via.js';

const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying', 180: 'Ringing', 181: 'Call Is Being Forwarded', 182: 'Queued', 183: 'Session Progress', 200: 'OK',
  202: 'Accepted', 204: 'No Notification', 300: 'Multiple Choices', 301: 'Moved Permanently', 302: 'Moved Temporarily',
  305: 'Use Proxy', 380: 'Alternative Service', 400: 'Bad Request', 401: 'Unauthorized', 402: 'Payment Required',
  403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 406: 'Not Acceptable',
  407: 'Proxy Authentication Required', 408: 'Request Timeout', 410: 'Gone', 412: 'Conditional Request Failed',
  413: 'Request Entity Too Large', 414: 'Request-URI Too Long', 415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme', 420: 'Bad Extension', 421: 'Extension Required', 422: 'Session Interval Too Small',
  423: 'Interval Too Brief', 428: 'Use Identity Header', 429: 'Provide Referrer Identity', 430: 'Flow Failed',
  433: 'Anonymity Disallowed', 439: 'First Hop Lacks Outbound Support', 440: 'Max-Breadth Exceeded',
  480: 'Temporarily Unavailable', 481: 'Call/Transaction Does Not Exist', 482: 'Loop Detected', 483: 'Too Many Hops',
  484: 'Address Incomplete', 485: 'Ambiguous', 486: 'Busy Here', 487: 'Request Terminated', 488: 'Not Acceptable Here',
  489: 'Bad Event', 491: 'Request Pending', 493: 'Undecipherable', 494: 'Security Agreement Required',
  500: 'Server Internal Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable',
  504: 'Server Time-out', 505: 'Version Not Supported', 513: 'Message Too Large', 580: 'Precondition Failure',
  600: 'Busy Everywhere', 603: 'Decline', 604: 'Does Not Exist Anywhere', 606: 'Not Acceptable', 607: 'Unwanted',
}; // prettier-ignore

/** The phrase that RFC 3261 §21 and its extensions give a status. */
export const reasonPhrase = (status: number): string => REASONS[status] ?? 'Unknown';

const RETRY_AFTER_MIN_S = 5;
const RETRY_AFTER_SPREAD_S = 26;

/** Retry-After of 5–30 s, at random so that clients do not come back together. */
export const retryAfter = (random: Pick<Random, 'fraction'>): string =>
  `Retry-After: ${RETRY_AFTER_MIN_S + Math.floor(random.fraction() * RETRY_AFTER_SPREAD_S)}\r\n`;

/** Where a request came from, for `received` and `rport` on its topmost Via. */
export type Source = Readonly<{ address: string; port: number }>;

/** received is due when sent-by names another host, and with rport always (RFC 3261 §18.2.1, RFC 3581 §4). */
export const sourceOf = (via: TopVia, { remoteAddress, remotePort }: Flow): Source | undefined =>
  via.rport || via.received || via.host !== remoteAddress
    ? { address: remoteAddress, port: remotePort }
    : undefined;

/**
 * A whole response. `toTag` '' adds none (100); a tag that the request has stays. `source` undefined leaves the Via as it
 * came. `headers` are whole lines, each ending in CRLF.
 */
export const makeReply = (
  request: SipMessage,
  status: number,
  reason: string,
  toTag: string,
  source: Source | undefined,
  headers: string,
  body: string,
): string => {
  const { raw, lines, lineCount } = request;
  let vias = '';
  let from = '';
  let to = '';
  let callId = '';
  let cseq = '';
  let timestamp = '';
  for (let line = 0, at = 0; line < lineCount; line++, at += LINE_STRIDE) {
    const id = lines[at]!;
    if (id > H.CSeq && id !== H.Timestamp) continue;
    if (id === H.Via) {
      const value = raw.slice(lines[at + 2], lines[at + 3]);
      vias += `Via: ${vias === '' && source ? withReceived(value, source) : value}\r\n`;
    } else if (id === H.From) from = raw.slice(lines[at + 2], lines[at + 3]);
    else if (id === H.To) to = raw.slice(lines[at + 2], lines[at + 3]);
    else if (id === H.CallId) callId = raw.slice(lines[at + 2], lines[at + 3]);
    else if (id === H.CSeq) cseq = raw.slice(lines[at + 2], lines[at + 3]);
    else if (id === H.Timestamp && status === 100)
      timestamp = `Timestamp: ${raw.slice(lines[at + 2], lines[at + 3])}\r\n`;
  }
  const tag = toTag === '' || headerParam(to, 'tag') !== undefined ? '' : `;tag=${toTag}`;
  return (
    `SIP/2.0 ${status} ${reason}\r\n${vias}From: ${from}\r\nTo: ${to}${tag}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq}\r\n` +
    `${timestamp}${headers}Content-Length: ${body.length}\r\n\r\n${body}`
  );
};

const EMPTY = /^(?:From|To|Call-ID|CSeq): (?:;tag=\w+)?\r\n/gm;

/** An answer to a request that lacks some of what answers copy: it lacks that too. */
export const withoutEmpty = (reply: string): string => reply.replace(EMPTY, '');

/** The first value of the line gets the parameters; more values may follow it. */
const withReceived = (value: string, { address, port }: Source): string => {
  const end = indexOutside(value, COMMA, 0, value.length);
  return receivedVia(value.slice(0, trimEnd(value, 0, end)), address, port) + value.slice(end);
};
