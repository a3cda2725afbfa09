// Via values: reading one, the branch of the topmost, and received/rport on a request that came. RFC 3261 §18.2, §20.42;
// RFC 3581 §4; RFC 5118 §4.5. Readers: the endpoint (matching, where answers go), edits.ts.
import { H } from '../message/header-table.js';
import { LINE_STRIDE, type SipMessage } from '../message/message.js';
import { findParam, paramValueAt } from './params.js';
import { hostEndOf } from './uri.js';
import { COLON, COMMA, indexOutside, isSpaceCode, isTokenCode, matchesLower, parseDigits, quotedEnd, SEMICOLON, skipSpace, skipToValue, SLASH, trimEnd } from '../message/scan.js'; // prettier-ignore

export type Via = Readonly<{
  /** As written, in upper case: UDP, TCP, TLS, WS, WSS, … */
  transport: string;
  /** sent-by host in lower case; an IPv6 reference keeps its brackets. */
  host: string;
  /** 0 when sent-by has none. */
  port: number;
  branch: string;
  received: string | undefined;
  /** The rport parameter: undefined when absent, 0 when it has no value yet. */
  rport: number | undefined;
  maddr: string | undefined;
  ttl: number | undefined;
  /** True for `alias` (RFC 5923). */
  alias: boolean;
  /** True for `keep` (RFC 6223). */
  keep: boolean;
}>;

/** A '<' outside quotes, or a quote that is never closed: what is written behind such a value would belong to it. */
const isOpen = (value: string): boolean => {
  let less = value.indexOf('<');
  for (let quote = value.indexOf('"'); quote >= 0;) {
    const end = quotedEnd(value, quote, value.length);
    if (end < 0 || (less >= 0 && less < quote)) return true;
    if (less >= 0 && less < end) less = value.indexOf('<', end);
    quote = value.indexOf('"', end);
  }
  return less >= 0;
};

/** One Via value (not a whole line of several); undefined when it does not follow the grammar. */
export const parseVia = (value: string): Via | undefined => {
  const end = value.length;
  if (isOpen(value)) return undefined;
  const paramsAt = indexOutside(value, SEMICOLON, 0, end);
  const transportAt = skipProtocol(value, 0, paramsAt);
  if (transportAt < 0) return undefined;
  let transportEnd = transportAt;
  while (transportEnd < paramsAt && isTokenCode(value.charCodeAt(transportEnd))) transportEnd++;
  const hostAt = skipSpace(value, transportEnd, paramsAt);
  if (transportEnd === transportAt || hostAt === transportEnd) return undefined;

  const sentByEnd = trimEnd(value, hostAt, paramsAt);
  const hostEnd = hostEndOf(value, hostAt, sentByEnd);
  if (hostEnd < 0) return undefined;
  const colon = skipSpace(value, hostEnd, sentByEnd);
  let port = 0;
  if (colon < sentByEnd) {
    if (value.charCodeAt(colon) !== COLON) return undefined;
    port = parseDigits(value, skipSpace(value, colon + 1, sentByEnd), sentByEnd, 65_535);
    if (port < 0) return undefined;
  }
  const via: MutableVia = {
    transport: transportAt + 3 === transportEnd && value.startsWith('UDP', transportAt) ? 'UDP' : value.slice(transportAt, transportEnd).toUpperCase(),
    host: value.slice(hostAt, hostEnd).toLowerCase(),
    port, branch: '', received: undefined, rport: undefined, maddr: undefined, ttl: undefined, alias: false, keep: false,
  }; // prettier-ignore
  readParams(value, paramsAt, via);
  return via;
};

type MutableVia = { -readonly [Key in keyof Via]: Via[Key] };

/** One pass over the parameters; of one that stands there twice, the first counts. */
const readParams = (value: string, paramsAt: number, via: MutableVia): void => {
  const end = value.length;
  const plain = isPlain(value);
  let seen = 0;
  for (let semi = paramsAt; semi < end;) {
    const at = skipSpace(value, semi + 1, end);
    semi = nextParam(value, at, plain);
    const index = paramIndex(value, at);
    if (index < 0 || (seen & (1 << index)) !== 0) continue;
    seen |= 1 << index;
    const text = paramValueAt(value, at, PARAM_NAMES[index]!.length, semi);
    if (index === 0) via.branch = text;
    else if (index === 1) via.rport = numberOf(text, 65_535);
    else if (index === 2) via.received = text;
    else if (index === 3) via.maddr = text;
    else if (index === 4) via.ttl = numberOf(text, 255);
    else if (index === 5) via.alias = true;
    else via.keep = true;
  }
};

const PARAM_NAMES = ['branch', 'rport', 'received', 'maddr', 'ttl', 'alias', 'keep'] as const;

const paramIndex = (value: string, at: number): number => {
  for (let index = 0; index < PARAM_NAMES.length; index++)
    if (isNamed(value, at, PARAM_NAMES[index]!)) return index;
  return -1;
};

const numberOf = (text: string, max: number): number => Math.max(0, parseDigits(text, 0, text.length, max));

/** `SIP / 2.0 /`, white space allowed around the slashes: the index of the transport, or -1. */
export const skipProtocol = (value: string, start: number, end: number): number => {
  let at = skipSpace(value, start, end);
  for (let part = 0; part < 2; part++) {
    const start = at;
    while (at < end && isTokenCode(value.charCodeAt(at))) at++;
    if (at === start) return -1;
    at = skipSpace(value, at, end);
    if (at >= end || value.charCodeAt(at) !== SLASH) return -1;
    at = skipSpace(value, at + 1, end);
  }
  return at;
};

/** Branch of the topmost Via, '' when it has none: the key of a transaction (RFC 3261 §17.1.3, §17.2.3). */
export const viaBranch = (message: SipMessage): string => {
  const line = message.findLine(H.Via);
  if (line < 0) return '';
  const { raw, lines } = message;
  const lineEnd = lines[line * LINE_STRIDE + 3]!;
  const start = skipToValue(raw, lines[line * LINE_STRIDE + 2]!, lineEnd);
  // The usual shape without a scan: `;branch=` in the first value, nothing quoted or bracketed, no other branch before it.
  const near = raw.indexOf(';branch=', start);
  if (near >= 0 && near < lineEnd && isFirstBranch(raw, start, near)) {
    const branch = near + ';branch='.length;
    const comma = indexOr(raw, ',', start, lineEnd);
    const end = indexOr(raw, ';', branch, comma);
    const usual =
      comma > near && indexOr(raw, '"', start, end) === end && indexOr(raw, '<', start, end) === end;
    if (usual && !isSpaceCode(raw.charCodeAt(branch)) && !isSpaceCode(raw.charCodeAt(end - 1)))
      return raw.slice(branch, end);
  }
  const end = indexOutside(raw, COMMA, start, lineEnd);
  const at = findParam(raw, 'branch', start, end);
  return at < 0 ? '' : paramValueAt(raw, at, 6, end);
};

const indexOr = (raw: string, char: string, start: number, end: number): number => {
  const at = raw.indexOf(char, start);
  return at < 0 || at > end ? end : at;
};

/** The parameters before `near` begin with a letter that is no b: not with white space, and with none of the name. */
const isFirstBranch = (raw: string, start: number, near: number): boolean => {
  for (let semi = raw.indexOf(';', start); semi < near; semi = raw.indexOf(';', semi + 1)) {
    const letter = raw.charCodeAt(semi + 1) | 32;
    if (letter < LETTER_A || letter === LETTER_B) return false;
  }
  return true;
};

const LETTER_A = 97;
const LETTER_B = 98;

/**
 * The Via value with `received` set (RFC 3261 §18.2.1) and rport filled in where the client asked for it (RFC 3581 §4).
 * A received or an rport value that the client wrote itself is replaced.
 */
export const receivedVia = (
  value: string,
  received: string | undefined,
  rport: number | undefined,
): string => {
  let via = '';
  let copied = 0;
  const plain = isPlain(value);
  for (let semi = nextParam(value, 0, plain); semi < value.length;) {
    const at = skipSpace(value, semi + 1, value.length);
    const next = nextParam(value, at, plain);
    // Both names begin with an r: most parameters are passed by at the price of one comparison.
    if ((value.charCodeAt(at) | 32) === LETTER_R) {
      if (rport !== undefined && isNamed(value, at, 'rport')) {
        via += `${value.slice(copied, at)}rport=${rport}`;
        copied = next;
      } else if (received !== undefined && isNamed(value, at, 'received')) {
        via += value.slice(copied, semi);
        copied = next;
      }
    }
    semi = next;
  }
  via += copied === 0 ? value : value.slice(copied);
  return received === undefined ? via : `${via};received=${received}`;
};

const LETTER_R = 114;

/** Without quotes and angle brackets every ';' begins a parameter. */
const isPlain = (value: string): boolean => !value.includes('"') && !value.includes('<');

const nextParam = (value: string, from: number, plain: boolean): number => {
  if (!plain) return indexOutside(value, SEMICOLON, from, value.length);
  const semi = value.indexOf(';', from);
  return semi < 0 ? value.length : semi;
};

const isNamed = (value: string, at: number, lowerName: string): boolean =>
  matchesLower(value, at, lowerName) && !isTokenCode(value.charCodeAt(at + lowerName.length));
