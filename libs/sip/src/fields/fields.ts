// Header fields read on demand: lists, numbers, option tags, media types. RFC 3261 §7.3.1, §20.
// Values are unfolded by whoever shows them; the scanners here take CR and LF as white space. Readers: endpoint, bono, sprout.
import { H, type HeaderId } from '../message/header-table.js';
import { CSEQ_MAX, MAX_FORWARDS_MAX } from '../message/limits.js';
import { LINE_STRIDE, type SipMessage } from '../message/message.js';
import { methodAt } from '../message/methods.js';
import { headerParam, withoutParams } from './params.js';
import { COMMA, indexOutside, isDigitCode, isSpaceCode, isToken, matchesLower, parseDigits, QUOTE, SEMICOLON, skipQuoted, skipSpace, skipToValue, trimEnd } from '../message/scan.js'; // prettier-ignore

/** delta-seconds are at most 2^32-1 (RFC 3261 §25.1); more counts as that. */
export const SECONDS_MAX = 4_294_967_295;

const pushValues = (text: string, start: number, end: number, found: string[]): void => {
  for (let at = skipToValue(text, start, end); at < end;) {
    const comma = indexOutside(text, COMMA, at, end);
    found.push(text.slice(at, trimEnd(text, at, comma)));
    at = skipToValue(text, comma, end);
  }
};

/** The values of one comma-joined header value; quotes and <> are respected, empty elements left out. */
export const splitValues = (headerValue: string): string[] => {
  const found: string[] = [];
  pushValues(headerValue, 0, headerValue.length, found);
  return found;
};

/** All values of a header in order, over all its lines. Not for headers with commas of their own (Date, WWW-Authenticate). */
export const values = (message: SipMessage, id: HeaderId): string[] => {
  const found: string[] = [];
  const { raw, lines } = message;
  for (let line = message.findLine(id); line >= 0; line = message.findLine(id, line + 1)) {
    const at = line * LINE_STRIDE;
    pushValues(raw, lines[at + 2]!, lines[at + 3]!, found);
  }
  return found;
};

/** What stands between commas outside quotes; a '<' has no meaning here, as in credentials (RFC 7235 §2.1). Empty elements are left out. */
export const splitUnquoted = (text: string): string[] => {
  const found: string[] = [];
  for (let start = skipToValue(text, 0, text.length); start < text.length;) {
    let at = start;
    while (at < text.length && text.charCodeAt(at) !== COMMA)
      at = text.charCodeAt(at) === QUOTE ? skipQuoted(text, at, text.length) : at + 1;
    found.push(text.slice(start, trimEnd(text, start, at)));
    start = skipToValue(text, at, text.length);
  }
  return found;
};

/** The first value of a header, undefined when it has none. */
export const firstValue = (message: SipMessage, id: HeaderId): string | undefined => {
  const { raw, lines } = message;
  for (let line = message.findLine(id); line >= 0; line = message.findLine(id, line + 1)) {
    const end = lines[line * LINE_STRIDE + 3]!;
    const at = skipToValue(raw, lines[line * LINE_STRIDE + 2]!, end);
    if (at < end) return raw.slice(at, trimEnd(raw, at, indexOutside(raw, COMMA, at, end)));
  }
  return undefined;
};

/** Folding undone: each line break with the white space around it becomes one space. */
export const unfold = (value: string): string =>
  value.includes('\r\n') ? value.replace(/[ \t]*\r\n[ \t]+/g, ' ') : value;

export type CSeq = Readonly<{ number: number; method: string }>;

/** CSeq = 1*DIGIT LWS Method; number < 2^31. */
export const parseCSeq = (value: string): CSeq | undefined => {
  let digitsEnd = 0;
  while (isDigitCode(value.charCodeAt(digitsEnd))) digitsEnd++;
  const number = parseDigits(value, 0, digitsEnd, CSEQ_MAX);
  const start = skipSpace(value, digitsEnd, value.length);
  const end = trimEnd(value, start, value.length);
  if (number < 0 || start === digitsEnd || !isToken(value, start, end)) return undefined;
  return { number, method: methodAt(value, start, end) };
};

/**
 * delta-seconds at the start of a value (Expires, Min-Expires, Session-Expires, Retry-After, an expires parameter), bounded
 * to SECONDS_MAX. undefined when it is no number: the caller knows the default.
 */
export const parseSeconds = (value: string): number | undefined => {
  let end = 0;
  let seconds = 0;
  for (; isDigitCode(value.charCodeAt(end)); end++)
    seconds = Math.min(SECONDS_MAX, seconds * 10 + value.charCodeAt(end) - 48);
  if (end === 0) return undefined;
  const next = value.charCodeAt(end);
  // ';' begins parameters, '(' a comment (Retry-After).
  return end === value.length || next === SEMICOLON || next === 40 || isSpaceCode(next) ? seconds : undefined;
};

/** Seconds of a header of one number: undefined when absent or no number. */
export const secondsOf = (message: SipMessage, id: HeaderId): number | undefined => {
  const value = message.header(id);
  return value === undefined ? undefined : parseSeconds(value);
};

/** Max-Forwards of a parsed message (the parser has checked it), undefined when absent. */
export const maxForwards = (message: SipMessage): number | undefined => {
  const line = message.findLine(H.MaxForwards);
  if (line < 0) return undefined;
  const { raw, lines } = message;
  const value = parseDigits(
    raw,
    lines[line * LINE_STRIDE + 2]!,
    lines[line * LINE_STRIDE + 3]!,
    MAX_FORWARDS_MAX,
  );
  return value < 0 ? undefined : value;
};

/** Is the tag among the tokens of a list header (Supported, Require, Allow, Privacy with ',')? Case does not matter. */
export const hasOption = (message: SipMessage, id: HeaderId, tag: string): boolean => {
  const lower = tag.toLowerCase();
  const { raw, lines } = message;
  for (let line = message.findLine(id); line >= 0; line = message.findLine(id, line + 1)) {
    const end = lines[line * LINE_STRIDE + 3]!;
    for (let at = skipToValue(raw, lines[line * LINE_STRIDE + 2]!, end); at < end;) {
      const comma = indexOutside(raw, COMMA, at, end);
      if (trimEnd(raw, at, comma) - at === lower.length && matchesLower(raw, at, lower)) return true;
      at = skipToValue(raw, comma, end);
    }
  }
  return false;
};

/** The option tags of a list header, lower case. */
export const optionTags = (message: SipMessage, id: HeaderId): string[] =>
  values(message, id).map((tag) => tag.toLowerCase());

/** `type/subtype` of a Content-Type or an Accept element: lower case, without parameters and white space. */
export const mediaTypeOf = (value: string): string => withoutParams(value).replace(/\s+/g, '').toLowerCase();

/**
 * May a body of this type (lower case `type/subtype`) be sent to who wrote the message? No Accept header: what
 * `whenAbsent` says (RFC 3261 §20.1: application/sdp for INVITE and the like). q=0 refuses.
 */
export const acceptsType = (message: SipMessage, mediaType: string, whenAbsent: boolean): boolean => {
  if (!message.has(H.Accept)) return whenAbsent;
  const major = `${mediaType.slice(0, mediaType.indexOf('/'))}/*`;
  let verdict = false;
  let rank = 0;
  for (const value of values(message, H.Accept)) {
    const range = mediaTypeOf(value);
    const precision = range === mediaType ? 3 : range === major ? 2 : range === '*/*' ? 1 : 0;
    if (precision <= rank) continue;
    rank = precision;
    verdict = !/^0(\.0*)?$/.test(headerParam(value, 'q') ?? '1');
  }
  return verdict;
};
