// Addresses in headers: From, To, Contact, Route, P-Asserted-Identity and their like. RFC 3261 §20.10, §25.1; RFC 3325.
// One value at a time: split comma-joined lines with fields.ts first. Readers: bono, sprout, the endpoint.
import { headerParam, isLeftOpen, unquote } from './params.js';
import { indexOutside, isTokenCode, LESS, QUOTE, quotedEnd, SEMICOLON, skipQuoted, skipSpace, trimEnd } from '../message/scan.js'; // prettier-ignore

export type NameAddr = Readonly<{
  /** Quotes and escapes undone, '' when there is none. */
  displayName: string;
  /** As written, white space around it cut: parse with parseUri. '*' in `Contact: *`. */
  uri: string;
  /** Header parameters as written, from the first ';', '' when there are none: read with headerParam. */
  params: string;
}>;

/** name-addr or addr-spec with header parameters; undefined for what is neither. */
export const parseNameAddr = (value: string): NameAddr | undefined => {
  const start = skipSpace(value, 0, value.length);
  const end = trimEnd(value, start, value.length);
  const less = lessIndex(value, start, end);
  if (less === MALFORMED) return undefined;
  return less < 0 ? parseBare(value, start, end) : parseBracketed(value, start, less, end);
};

const MALFORMED = -2;

/** Where the '<' of a name-addr is: -1 when there is none, MALFORMED when the display name is not one. */
const lessIndex = (value: string, start: number, end: number): number => {
  if (value.charCodeAt(start) === QUOTE) {
    const closed = quotedEnd(value, start, end);
    if (closed < 0) return MALFORMED;
    const less = skipSpace(value, closed, end);
    return less < end && value.charCodeAt(less) === LESS ? less : MALFORMED;
  }
  const less = value.indexOf('<', start);
  if (less < 0 || less >= end) return -1;
  const semi = value.indexOf(';', start);
  const quote = value.indexOf('"', start);
  // A '<' only after a ';' is in a parameter of a bare address; a quote inside a display name of tokens is an error.
  if (semi >= 0 && semi < less) return -1;
  return quote >= 0 && quote < less ? MALFORMED : less;
};

/** Unquoted display names hold tokens by the grammar; anything else without a quote or comma is taken (RFC 4475 §3.1.2.15). */
const parseBracketed = (value: string, start: number, less: number, end: number): NameAddr | undefined => {
  const greater = value.indexOf('>', less);
  if (greater < 0 || greater >= end) return undefined;
  const params = skipSpace(value, greater + 1, end);
  if (params < end && value.charCodeAt(params) !== SEMICOLON) return undefined;
  const uriStart = skipSpace(value, less + 1, greater);
  const uri = value.slice(uriStart, trimEnd(value, uriStart, greater));
  const displayName = value.slice(start, trimEnd(value, start, less));
  if (uri === '' || (displayName.includes(',') && displayName.charCodeAt(0) !== QUOTE)) return undefined;
  if (isLeftOpen(value, params, end)) return undefined;
  return { displayName: unquote(displayName), uri, params: value.slice(params, end) };
};

/** Without brackets, everything from the first ';' belongs to the header, and '?' and ',' may not stand (RFC 3261 §20). */
const parseBare = (value: string, start: number, end: number): NameAddr | undefined => {
  const semi = indexOutside(value, SEMICOLON, start, end);
  const uri = value.slice(start, trimEnd(value, start, semi));
  if (uri === '' || /[?,<>"\s]/.test(uri) || isLeftOpen(value, semi, end)) return undefined;
  return { displayName: '', uri, params: value.slice(semi, end) };
};

/**
 * The URI of one value by index only: what is between '<' and '>', else what stands before the first ';'. For values
 * whose shape was checked before, or where '' and rubbish are refused by who reads the URI.
 */
export const addrUri = (value: string): string => {
  const start = skipSpace(value, 0, value.length);
  const from = value.charCodeAt(start) === QUOTE ? skipQuoted(value, start, value.length) : start;
  const less = value.indexOf('<', from);
  const semi = value.indexOf(';', from);
  if (less < 0 || (semi >= 0 && semi < less)) {
    const end = semi < 0 ? value.length : semi;
    return value.slice(from, trimEnd(value, from, end));
  }
  const greater = value.indexOf('>', less);
  const uriEnd = greater < 0 ? value.length : greater;
  const uriStart = skipSpace(value, less + 1, uriEnd);
  return value.slice(uriStart, trimEnd(value, uriStart, uriEnd));
};

/** The tag of a From or To value, '' when there is none. */
export const tagOf = (value: string): string => {
  // The usual shape without a scan: ';tag=' behind the '>' of the address, a token up to the end.
  const less = value.indexOf('<');
  const near = value.indexOf('>', less) + 1;
  if (less >= 0 && near > 0 && value.startsWith(';tag=', near) && value.indexOf(';') > less) {
    let end = near + 5;
    while (end < value.length && isTokenCode(value.charCodeAt(end))) end++;
    if (end === value.length && !value.includes('"')) return value.slice(near + 5);
  }
  return headerParam(value, 'tag') ?? '';
};

/** A name-addr as written on the wire: the display name quoted when there is one. */
export const formatNameAddr = (uri: string, displayName = '', params = ''): string =>
  displayName === '' ? `<${uri}>${params}` : `${quoteName(displayName)} <${uri}>${params}`;

const quoteName = (name: string): string => `"${name.replace(/["\\]/g, '\\$&').replace(/[\r\n]+/g, ' ')}"`;
