// A second, forgiving reading of a request that does not parse, so that it can be answered 400 (RFC 3261 §8.2, §16.3 item 1).
// Reader: parse-message.ts, after a failure only.
import { headerIdOf, nameEndOf, scanName } from './header-lookup.js';
import { H, UNKNOWN_HEADER } from './header-table.js';
import { CSEQ_MAX, HEADER_LINES_MAX } from './limits.js';
import { LINE_STRIDE, SipMessage } from './message.js';
import { isToken, parseDigits, skipSpace, SPACE, TAB, trimEnd } from './scan.js';

/** `partial`: with all that an answer copies. `incomplete`: with its Via and CSeq, without which no answer finds its request. */
export type PartlyRead = Readonly<{ partial?: SipMessage; incomplete?: SipMessage }>;

const NOTHING: PartlyRead = {};

/** The request as far as it can be read. */
export const parsePartial = (raw: string): PartlyRead => {
  const startEnd = raw.indexOf('\r\n');
  const methodEnd = raw.indexOf(' ');
  if (startEnd < 0 || methodEnd < 0 || methodEnd > startEnd || !isToken(raw, 0, methodEnd)) return NOTHING;
  const method = raw.slice(0, methodEnd);
  const uriStart = skipSpace(raw, methodEnd, startEnd);
  const uriEnd = raw.indexOf(' ', uriStart);
  const requestUri = raw.slice(uriStart, uriEnd < 0 || uriEnd > startEnd ? startEnd : uriEnd);

  const headersStart = startEnd + 2;
  const lines: number[] = [];
  let at = headersStart;
  for (let count = 0; count < HEADER_LINES_MAX && at < raw.length && !raw.startsWith('\r\n', at); count++) {
    const end = foldedEnd(raw, at);
    noteLine(raw, at, end, lines);
    at = Math.min(end + 2, raw.length);
  }
  const bodyStart = Math.min(at + 2, raw.length);
  const lineCount = lines.length / LINE_STRIDE;
  const message = (cseq: number, cseqMethod: string): SipMessage =>
    new SipMessage(
      raw, method, requestUri, 0, '', headersStart, at, bodyStart, lines, lineCount, cseq, cseqMethod,
    ); // prettier-ignore

  const found = message(0, method);
  if (!found.header(H.Via) || !found.header(H.CSeq)) return NOTHING;
  const [digits = '', cseqMethod = method] = found.header(H.CSeq)!.split(/[ \t\r\n]+/, 2);
  const request = message(Math.max(0, parseDigits(digits, 0, digits.length, CSEQ_MAX)), cseqMethod);
  const isWhole = [H.From, H.To, H.CallId].every((id) => found.header(id));
  return isWhole ? { partial: request } : { incomplete: request };
};

const foldedEnd = (raw: string, from: number): number => {
  let end = raw.indexOf('\r\n', from);
  while (end >= 0 && (raw.charCodeAt(end + 2) === SPACE || raw.charCodeAt(end + 2) === TAB))
    end = raw.indexOf('\r\n', end + 2);
  return end < 0 ? raw.length : end;
};

/** Keeps a line with a known name; what holds a lone CR, LF or NUL must not be copied into an answer. */
const noteLine = (raw: string, start: number, end: number, lines: number[]): void => {
  const name = scanName(raw, start);
  const nameEnd = nameEndOf(name);
  const colon = skipSpace(raw, nameEnd, end);
  if (nameEnd === start || raw.charAt(colon) !== ':') return;
  const id = headerIdOf(name);
  if (id === UNKNOWN_HEADER) return;
  const valueStart = skipSpace(raw, colon + 1, end);
  const value = raw.slice(valueStart, end);
  if (/(?<!\\)\0|\r(?!\n[ \t])|(?<!\r)\n/.test(value)) return;
  lines.push(id, start, valueStart, trimEnd(raw, valueStart, end));
};
