// One pass over a SIP message as it came: checks the start line, every header line and the mandatory headers, and notes
// where the headers lie (RFC 3261 §7, §20, §25.1; RFC 4475). Values are parsed on demand by the other files here.
// Reader: the endpoint, for each datagram or frame.
import { headerIdOf, nameEndOf, scanName } from './header-lookup.js';
import { H, type HeaderId } from './header-table.js';
import { CSEQ_MAX, HEADER_LINES_MAX, MAX_FORWARDS_MAX, MESSAGE_BYTES_MAX } from './limits.js';
import { LINE_STRIDE, SipMessage } from './message.js';
import { methodAt } from './methods.js';
import { parsePartial } from './parse-partial.js';
import { BACKSLASH, COLON, CR, isDigitCode, isSpaceCode, isToken, LF, matchesLower, parseDigits, skipSpace, SPACE, TAB, trimEnd } from './scan.js'; // prettier-ignore

export type ParseFailure = Readonly<{
  ok: false;
  /** Index into the text where reading stopped. */
  at: number;
  reason: string;
  /** What a request deserves as an answer: 400, 505 (another SIP version) or 513 (too large). */
  status: 400 | 505 | 513;
  /** What could be read, present when it is a request with the five headers that an answer copies. */
  partial?: SipMessage;
  /** The same without From, To or Call-ID, instead: an answer can be sent, and lacks them too (RFC 4475 §3.3.1). */
  incomplete?: SipMessage;
}>;
export type ParseResult = Readonly<{ ok: true; message: SipMessage }> | ParseFailure;

const bit = (id: HeaderId): number => 1 << id;
/** Headers that may stand once only (all ids are below 31). */
const SINGLE =
  bit(H.From) | bit(H.To) | bit(H.CallId) | bit(H.CSeq) | bit(H.MaxForwards) | bit(H.ContentLength);
const MANDATORY = bit(H.Via) | bit(H.From) | bit(H.To) | bit(H.CallId) | bit(H.CSeq);

// Reused for every message: parsing is synchronous and does not re-enter. The rest of the state of one parse is here too,
// so that the passes need no object between them.
// A plain array of small integers: its slice is one copy of memory.
const scratch = Array.from({ length: HEADER_LINES_MAX * LINE_STRIDE }, () => 0);
let lineCount = 0;
let failedAt = 0;
let failure = '';
let failureStatus: ParseFailure['status'] = 400;
let method = '';
let requestUri = '';
let status = 0;
let reasonPhrase = '';
let cseq = 0;
let cseqMethod = '';

const fail = (at: number, reason: string, answer: ParseFailure['status'] = 400): -1 => {
  failedAt = at;
  failure = reason;
  failureStatus = answer;
  return -1;
};

/**
 * Parses one message of a datagram or frame, latin1. CRLFs before the start line are skipped; what follows the body that
 * Content-Length announces is cut off. Without Content-Length all that came is the body (RFC 3261 §18.3).
 */
export const parseMessage = (text: string): ParseResult => {
  let raw = skipEmptyLines(text);
  if (raw.length > MESSAGE_BYTES_MAX) {
    fail(MESSAGE_BYTES_MAX, 'message too large', 513);
    return refused(raw.slice(0, MESSAGE_BYTES_MAX));
  }
  const headersStart = scanStartLine(raw);
  if (headersStart < 0) return refused(raw);
  const headersEnd = scanHeaders(raw, headersStart);
  if (headersEnd < 0) return refused(raw);

  const bodyStart = headersEnd + 2;
  const bodyEnd = checkHeaders(raw, bodyStart);
  if (bodyEnd < 0) return refused(raw);
  if (bodyEnd < raw.length) raw = raw.slice(0, bodyEnd);

  const lines = scratch.slice(0, lineCount * LINE_STRIDE);
  return {
    ok: true,
    message: new SipMessage(
      raw, method, requestUri, status, reasonPhrase, headersStart, headersEnd, bodyStart, lines, lineCount, cseq, cseqMethod,
    ), // prettier-ignore
  };
};

/** Of what an engine of this process has read already nothing is read again (edits.ts, readyMade). */
export const readMessage = (given: SipMessage | string): ParseResult =>
  typeof given === 'string' ? parseMessage(given) : { ok: true, message: given };

const refused = (raw: string): ParseFailure => {
  const found = { ok: false, at: failedAt, reason: failure, status: failureStatus } as const;
  return { ...found, ...parsePartial(raw) };
};

const skipEmptyLines = (text: string): string => {
  let at = 0;
  while (text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF) at += 2;
  return at === 0 ? text : text.slice(at);
};

/** Reads the start line into the parse state; the index after it, or -1. */
const scanStartLine = (raw: string): number => {
  const end = raw.indexOf('\r\n');
  if (end < 0) return fail(raw.length, 'no end of start line');
  return matchesLower(raw, 0, 'sip/') ? scanStatusLine(raw, end) : scanRequestLine(raw, end);
};

/** Request-Line = Method SP Request-URI SP SIP-Version CRLF, single spaces (RFC 3261 §7.1). */
const scanRequestLine = (raw: string, end: number): number => {
  const methodEnd = raw.indexOf(' ');
  if (methodEnd <= 0 || methodEnd >= end || !isToken(raw, 0, methodEnd)) return fail(0, 'bad method');
  const uriStart = methodEnd + 1;
  const uriEnd = raw.indexOf(' ', uriStart);
  if (uriEnd <= uriStart || uriEnd >= end) return fail(uriStart, 'bad request line');
  if (!isUriText(raw, uriStart, uriEnd)) return fail(uriStart, 'bad Request-URI');
  if (end !== uriEnd + 8 || !isVersion(raw, uriEnd + 1)) {
    const foreign = matchesLower(raw, uriEnd + 1, 'sip/') && isOtherVersion(raw, uriEnd + 5, end);
    return foreign ? fail(uriEnd + 1, 'SIP version not supported', 505) : fail(uriEnd + 1, 'bad SIP version');
  }
  method = methodAt(raw, 0, methodEnd);
  requestUri = raw.slice(uriStart, uriEnd);
  status = 0;
  reasonPhrase = '';
  return end + 2;
};

const isVersion = (raw: string, at: number): boolean =>
  raw.startsWith('SIP/2.0', at) || matchesLower(raw, at, 'sip/2.0');

/** `scheme:something` without control characters, quotes or angle brackets: what any URI parser could begin with. */
const isUriText = (raw: string, start: number, end: number): boolean => {
  let colon = -1;
  for (let at = start; at < end; at++) {
    const code = raw.charCodeAt(at);
    if (code <= SPACE || code === 34 || code === 60 || code === 62 || code === 127) return false;
    if (code === COLON && colon < 0) colon = at;
  }
  return (
    colon > start &&
    colon < end - 1 &&
    (raw.charCodeAt(start) | 32) >= 97 &&
    (raw.charCodeAt(start) | 32) <= 122
  );
};

const isOtherVersion = (raw: string, start: number, end: number): boolean => {
  const dot = raw.indexOf('.', start);
  return dot < end && parseDigits(raw, start, dot, 999) >= 0 && parseDigits(raw, dot + 1, end, 999) >= 0;
};

/** Status-Line = SIP-Version SP Status-Code SP Reason-Phrase CRLF (RFC 3261 §7.2). The last SP is not insisted on. */
const scanStatusLine = (raw: string, end: number): number => {
  if (!isVersion(raw, 0) || raw.charCodeAt(7) !== SPACE) return fail(0, 'bad SIP version', 505);
  status = end >= 11 ? parseDigits(raw, 8, 11, 699) : -1;
  if (status < 100 || (end > 11 && raw.charCodeAt(11) !== SPACE)) return fail(8, 'bad status code');
  method = '';
  requestUri = '';
  reasonPhrase = raw.slice(12, end);
  if (reasonPhrase.includes('\n') || reasonPhrase.includes('\r')) return fail(12, 'bad reason phrase');
  return end + 2;
};

/** Notes every header line in `scratch`; the index of the empty line that ends them, or -1. */
const scanHeaders = (raw: string, start: number): number => {
  let at = start;
  let size = 0;
  while (raw.charCodeAt(at) !== CR || raw.charCodeAt(at + 1) !== LF) {
    if (size === HEADER_LINES_MAX * LINE_STRIDE) return fail(at, 'too many header lines');

    if (at >= raw.length) return fail(at, 'headers do not end');

    const name = scanName(raw, at);
    const nameEnd = nameEndOf(name);
    let colon = nameEnd;
    while (raw.charCodeAt(colon) === SPACE || raw.charCodeAt(colon) === TAB) colon++;
    if (nameEnd === at || raw.charCodeAt(colon) !== COLON) return fail(colon, 'bad header name');

    const end = lineEnd(raw, colon + 1);
    if (end < 0) return end;
    let valueStart = colon + 1;
    while (valueStart < end && isSpaceCode(raw.charCodeAt(valueStart))) valueStart++;

    scratch[size] = headerIdOf(name);
    scratch[size + 1] = at;
    scratch[size + 2] = valueStart;
    scratch[size + 3] = isSpaceCode(raw.charCodeAt(end - 1)) ? trimEnd(raw, valueStart, end) : end;
    size += LINE_STRIDE;
    at = end + 2;
  }
  const nul = bareNul(raw, at);
  if (nul >= 0) return fail(nul, 'NUL in a header');
  lineCount = size / LINE_STRIDE;
  return at;
};

/** Behind a NUL, programs written in C see another message than we do; as a quoted-pair it is allowed (RFC 4475 §3.1.1.2). */
const bareNul = (raw: string, end: number): number => {
  let nul = raw.indexOf('\0');
  while (nul >= 0 && nul < end && raw.charCodeAt(nul - 1) === BACKSLASH) nul = raw.indexOf('\0', nul + 1);
  return nul < end ? nul : -1;
};

/** Index of the CRLF that ends the header line, folded lines taken in (RFC 3261 §7.3.1); a lone CR or LF is refused. */
const lineEnd = (raw: string, from: number): number => {
  for (let at = from; ;) {
    const lf = raw.indexOf('\n', at);
    if (lf < 0) return fail(raw.length, 'headers do not end');
    const cr = raw.indexOf('\r', at);
    if (cr !== lf - 1) return fail(cr < 0 ? lf : Math.min(lf, cr), 'lone CR or LF');
    const next = raw.charCodeAt(lf + 1);
    if (next !== SPACE && next !== TAB) return cr;
    at = lf + 1;
  }
};

/** Mandatory and single headers, CSeq, Max-Forwards, Content-Length. The end of the body, or -1. */
const checkHeaders = (raw: string, bodyStart: number): number => {
  let seen = 0;
  let bodyEnd = raw.length;
  for (let at = 0; at < lineCount * LINE_STRIDE; at += LINE_STRIDE) {
    const id = scratch[at]!;
    if (id < 0 || id > H.ContentLength) continue;
    const start = scratch[at + 2]!;
    const end = scratch[at + 3]!;
    if ((seen & bit(id) & SINGLE) !== 0) return fail(scratch[at + 1]!, 'header may stand once only');
    seen |= bit(id);

    if (id === H.CSeq) {
      if (!scanCSeq(raw, start, end)) return fail(start, 'bad CSeq');
    } else if (id === H.ContentLength) {
      const length = parseDigits(raw, start, end, MESSAGE_BYTES_MAX);
      if (length < 0 || length > raw.length - bodyStart) return fail(start, 'bad Content-Length');
      bodyEnd = bodyStart + length;
    } else if (id === H.MaxForwards) {
      if (parseDigits(raw, start, end, MAX_FORWARDS_MAX) < 0) return fail(start, 'bad Max-Forwards');
    } else if (start === end && (bit(id) & MANDATORY) !== 0) return fail(start, 'empty header');
  }
  if ((seen & MANDATORY) !== MANDATORY) return fail(bodyStart, 'mandatory header missing');
  if (status === 0 && cseqMethod !== method) return fail(0, 'CSeq method is another');
  return bodyEnd;
};

/** CSeq = 1*DIGIT LWS Method (RFC 3261 §20.16). */
const scanCSeq = (raw: string, start: number, end: number): boolean => {
  let digitsEnd = start;
  while (digitsEnd < end && isDigitCode(raw.charCodeAt(digitsEnd))) digitsEnd++;
  const methodStart = skipSpace(raw, digitsEnd, end);
  cseq = parseDigits(raw, start, digitsEnd, CSEQ_MAX);
  if (cseq < 0 || methodStart === digitsEnd || !isToken(raw, methodStart, end)) return false;
  cseqMethod = methodAt(raw, methodStart, end);
  return true;
};
