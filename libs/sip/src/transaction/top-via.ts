// The topmost Via of a request in one pass: what matching (RFC 3261 §17.2.3) and answering (§18.2, RFC 3581 §4) need.
// Reader: endpoint.ts, for every request; parseVia reads the rest when it is wanted, and what both read is the same.
import { unquote } from '../fields/params.js';
import { hostEndOf } from '../fields/uri.js';
import { skipProtocol } from '../fields/via.js';
import { H } from '../message/header-table.js';
import { LINE_STRIDE, type SipMessage } from '../message/message.js';
import { COLON, COMMA, EQUALS, isSpaceCode, isTokenCode, LESS, matchesLower, parseDigits, QUOTE, SEMICOLON, quotedEnd, skipSpace, skipToValue, trimEnd } from '../message/scan.js'; // prettier-ignore

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
  return readParams(raw, at, end) ? via : undefined;
};

/** `SIP/2.0/UDP host:port`: the index after it, or -1. */
const readSentBy = (raw: string, start: number, end: number): number => {
  const valueAt = skipToValue(raw, start, end);
  const transportAt = raw.startsWith(USUAL_PROTOCOL, valueAt)
    ? skipSpace(raw, valueAt + USUAL_PROTOCOL.length, end)
    : skipProtocol(raw, valueAt, end);
  if (transportAt < 0) return -1;
  let at = transportAt;
  while (at < end && isTokenCode(raw.charCodeAt(at))) at++;
  const hostAt = skipSpace(raw, at, end);
  if (at === transportAt || hostAt === at) return -1;
  const hostEnd = hostEndOf(raw, hostAt, end);
  if (hostEnd < 0) return -1;

  at = skipSpace(raw, hostEnd, end);
  let sentByEnd = hostEnd;
  via.port = 0;
  if (at < end && raw.charCodeAt(at) === COLON) {
    const portAt = skipSpace(raw, at + 1, end);
    for (at = portAt; at < end && !isPortEnd(raw.charCodeAt(at));) at++;
    via.port = parseDigits(raw, portAt, at, 65_535);
    if (via.port < 0) return -1;
    sentByEnd = at;
    at = skipSpace(raw, at, end);
  }
  if (at < end && raw.charCodeAt(at) !== SEMICOLON && raw.charCodeAt(at) !== COMMA) return -1;
  via.sentBy = raw.slice(hostAt, sentByEnd);
  const bracket = raw.charAt(hostAt) === '[';
  via.host = bracket ? raw.slice(hostAt + 1, hostEnd - 1) : raw.slice(hostAt, hostEnd);
  return at;
};

const USUAL_PROTOCOL = 'SIP/2.0/';

const isPortEnd = (code: number): boolean => code === SEMICOLON || code === COMMA || isSpaceCode(code);

/**
 * Of a parameter that stands there twice, the first counts: as in parseVia. False when the parameters are none: a '<' among
 * them, or a quote that is never closed.
 */
const readParams = (raw: string, start: number, end: number): boolean => {
  let at = start;
  let branchSeen = false;
  while (at < end && raw.charCodeAt(at) === SEMICOLON) {
    const name = skipSpace(raw, at + 1, end);
    const valueEnd = paramEnd(raw, name, end);
    if (valueEnd < 0) return false;
    switch (raw.charCodeAt(name) | 32) {
      case 98: // b
        if (branchSeen || !isNamed(raw, name, valueEnd, 'branch')) break;
        branchSeen = true;
        via.branch = valueOf(raw, name + 6, valueEnd);
        break;
      case 114: // r
        if (isNamed(raw, name, valueEnd, 'rport')) via.rport = true;
        else if (isNamed(raw, name, valueEnd, 'received')) via.received = true;
        break;
    }
    at = valueEnd;
  }
  return true;
};

/** The ';' or ',' that ends the parameter: neither counts inside quotes. -1: what would follow it belonged to it too. */
const paramEnd = (raw: string, start: number, end: number): number => {
  let at = start;
  while (at < end) {
    const code = raw.charCodeAt(at);
    if (code === SEMICOLON || code === COMMA) break;
    if (code === LESS) return -1;
    if (code !== QUOTE) at++;
    else if ((at = quotedEnd(raw, at, end)) < 0) return -1;
  }
  return at;
};

/** The name and nothing more: `branchy` and `received-by` are others. */
const isNamed = (raw: string, at: number, end: number, lowerName: string): boolean => {
  const after = at + lowerName.length;
  return after <= end && matchesLower(raw, at, lowerName) && (after === end || !isTokenCode(raw.charCodeAt(after)));
}; // prettier-ignore

/** What stands after '=', white space cut and quotes undone; '' when nothing does. */
const valueOf = (raw: string, at: number, end: number): string => {
  const equals = skipSpace(raw, at, end);
  if (equals >= end || raw.charCodeAt(equals) !== EQUALS) return '';
  const start = skipSpace(raw, equals + 1, end);
  const text = raw.slice(start, trimEnd(raw, start, end));
  return raw.charCodeAt(start) === QUOTE ? unquote(text) : text;
};
