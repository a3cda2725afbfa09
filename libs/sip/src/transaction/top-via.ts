// The topmost Via of a request in one pass: what matching (RFC 3261 §17.2.3) and answering (§18.2, RFC 3581 §4) need.
// Reader: endpoint.ts, for every request; parseVia reads the rest when it is wanted.
import { H } from '../message/header-table.js';
import { LINE_STRIDE, type SipMessage } from '../message/message.js';
import { COLON, COMMA, isSpaceCode, matchesLower, parseDigits, QUOTE, SEMICOLON, skipQuoted, skipSpace, SLASH } from '../message/scan.js'; // prettier-ignore

/** RFC 3261 §8.1.1.7: a branch that begins so is unique by itself. */
export const MAGIC_COOKIE = 'z9hG4bK';

export class TopVia {
  /** As written: host and port, for matching. */
  sentBy = '';
  /** Host without the brackets of an IPv6 reference. */
  host = '';
  /** 0 when sent-by has none. */
  port = 0;
  branch = '';
  /** The client asked for rport (RFC 3581 §3). */
  rport = false;
  /** The client wrote a received of its own, which must not stand. */
  received = false;
}

// Reused: reading is synchronous and ends before the next message.
const via = new TopVia();

/** Reads the first Via value; undefined when it does not follow the grammar. The result holds until the next call. */
export const readTopVia = (message: SipMessage): TopVia | undefined => {
  const line = message.findLine(H.Via);
  if (line < 0) return undefined;
  const { raw, lines } = message;
  const end = lines[line * LINE_STRIDE + 3]!;
  const at = readSentBy(raw, lines[line * LINE_STRIDE + 2]!, end);
  if (at < 0) return undefined;
  via.branch = '';
  via.rport = false;
  via.received = false;
  readParams(raw, at, end);
  return via;
};

/** `SIP/2.0/UDP host:port`: the index after it, or -1. */
const readSentBy = (raw: string, start: number, end: number): number => {
  let at = start;
  for (let slashes = 0; slashes < 2; at++) {
    if (at >= end) return -1;
    if (raw.charCodeAt(at) === SLASH) slashes++;
  }
  at = skipSpace(raw, at, end);
  while (at < end && !isSpaceCode(raw.charCodeAt(at))) at++;
  const hostAt = skipSpace(raw, at, end);
  const bracket = raw.charAt(hostAt) === '[';
  let hostEnd = bracket ? raw.indexOf(']', hostAt) + 1 : hostAt;
  if (bracket && (hostEnd === 0 || hostEnd > end)) return -1;
  while (hostEnd < end && !isHostEnd(raw.charCodeAt(hostEnd))) hostEnd++;
  if (hostEnd === hostAt) return -1;

  at = skipSpace(raw, hostEnd, end);
  let sentByEnd = hostEnd;
  via.port = 0;
  if (at < end && raw.charCodeAt(at) === COLON) {
    const portAt = skipSpace(raw, at + 1, end);
    for (at = portAt; at < end && !isHostEnd(raw.charCodeAt(at));) at++;
    via.port = parseDigits(raw, portAt, at, 65_535);
    if (via.port < 0) return -1;
    sentByEnd = at;
    at = skipSpace(raw, at, end);
  }
  if (at < end && raw.charCodeAt(at) !== SEMICOLON && raw.charCodeAt(at) !== COMMA) return -1;
  via.sentBy = raw.slice(hostAt, sentByEnd);
  via.host = bracket ? raw.slice(hostAt + 1, hostEnd - 1) : raw.slice(hostAt, hostEnd);
  return at;
};

const isHostEnd = (code: number): boolean =>
  code === COLON || code === SEMICOLON || code === COMMA || isSpaceCode(code);

const readParams = (raw: string, start: number, end: number): void => {
  let at = start;
  while (at < end && raw.charCodeAt(at) === SEMICOLON) {
    const name = skipSpace(raw, at + 1, end);
    let valueEnd = name;
    while (valueEnd < end) {
      const code = raw.charCodeAt(valueEnd);
      if (code === SEMICOLON || code === COMMA) break;
      valueEnd = code === QUOTE ? skipQuoted(raw, valueEnd, end) : valueEnd + 1;
    }
    switch (raw.charCodeAt(name) | 32) {
      case 98: // b
        if (matchesLower(raw, name, 'branch')) via.branch = valueOf(raw, name + 6, valueEnd);
        break;
      case 114: // r
        if (matchesLower(raw, name, 'rport')) via.rport = true;
        else if (matchesLower(raw, name, 'received')) via.received = true;
        break;
    }
    at = valueEnd;
  }
};

/** What stands after '=', white space cut. */
const valueOf = (raw: string, at: number, end: number): string => {
  const equals = skipSpace(raw, at, end);
  const start = raw.charAt(equals) === '=' ? skipSpace(raw, equals + 1, end) : equals;
  let stop = end;
  while (stop > start && isSpaceCode(raw.charCodeAt(stop - 1))) stop--;
  return raw.slice(start, stop);
};
