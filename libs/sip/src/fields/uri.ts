// SIP, SIPS, tel and URN URIs, parsed on demand. RFC 3261 §19.1, §25.1; RFC 3966; RFC 8141; RFC 5118 §4.3, §4.10.
// Comparison and addresses of record are in uri-compare.ts. Readers: bono, sprout, the resolver.
import { escapesAreWhole, PASSWORD_CHARS, unescapePercent, USER_CHARS } from './percent.js';
import { AT, COLON, isToken, matchesLower, parseDigits, QUESTION, SEMICOLON } from '../message/scan.js';

export type SipUri = Readonly<{
  scheme: 'sip' | 'sips';
  /** As written, escapes not undone; undefined when there is no user part. */
  user: string | undefined;
  password: string | undefined;
  /** Lower case; an IPv6 reference keeps its brackets. */
  host: string;
  /** 0 when there is none. */
  port: number;
  /** ';…' as written, '' when there are none. */
  params: string;
  /** '?…' as written, '' when there are none. */
  headers: string;
}>;
export type TelUri = Readonly<{
  scheme: 'tel';
  /** As written, visual separators too. */
  number: string;
  params: string;
}>;
export type UrnUri = Readonly<{ scheme: 'urn'; nid: string; nss: string }>;
/** A scheme that is none of ours: 416 (RFC 3261 §8.2.2.1). */
export type OtherUri = Readonly<{ scheme: 'other'; name: string; rest: string }>;
export type Uri = SipUri | TelUri | UrnUri | OtherUri;

export type UriResult =
  Readonly<{ ok: true; uri: Uri }> | Readonly<{ ok: false; at: number; reason: string }>;

const bad = (at: number, reason: string): UriResult => ({ ok: false, at, reason });

/** Parses the text between '<' and '>', or a Request-URI. */
export const parseUri = (text: string): UriResult => {
  const colon = text.indexOf(':');
  if (colon <= 0) return bad(0, 'no scheme');
  const badAt = firstBad(text);
  if (badAt >= 0) return bad(badAt, 'character not allowed in a URI');
  if (colon === 3 && matchesLower(text, 0, 'sip')) return parseSip('sip', text, 4);
  if (colon === 4 && matchesLower(text, 0, 'sips')) return parseSip('sips', text, 5);
  if (colon === 3 && matchesLower(text, 0, 'tel')) return parseTel(text);
  if (colon === 3 && matchesLower(text, 0, 'urn')) return parseUrn(text);
  const letter = text.charCodeAt(0) | 32;
  if (letter < 97 || letter > 122 || !isToken(text, 0, colon)) return bad(0, 'bad scheme');
  // RFC 3261 §25.1: hier-part and opaque-part hold something; "i:" is no URI, and no Request-URI.
  if (colon === text.length - 1) return bad(colon, 'nothing after the scheme');
  return {
    ok: true,
    uri: { scheme: 'other', name: text.slice(0, colon).toLowerCase(), rest: text.slice(colon + 1) },
  };
};

/** `parseUri` for those who take SIP and SIPS only; undefined for everything else. */
export const parseSipUri = (text: string): SipUri | undefined => {
  const parsed = parseUri(text);
  return parsed.ok && (parsed.uri.scheme === 'sip' || parsed.uri.scheme === 'sips') ? parsed.uri : undefined;
};

/** White space, controls, quotes and angle brackets, and a '%' that begins no escape: in no part of any URI. */
const firstBad = (text: string): number => {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code >= 127 || code === 34 || code === 60 || code === 62) return at;
  }
  return escapesAreWhole(text) ? -1 : text.indexOf('%');
};

const parseSip = (scheme: 'sip' | 'sips', text: string, start: number): UriResult => {
  // '@' stands escaped everywhere but at the end of the user part, which may hold ';' and '?' (RFC 4475 §3.1.1.4).
  const at = text.indexOf('@', start);
  let user: string | undefined;
  let password: string | undefined;
  let hostAt = start;
  if (at >= 0) {
    const colon = text.indexOf(':', start);
    const userEnd = colon >= 0 && colon < at ? colon : at;
    user = text.slice(start, userEnd);
    if (!holdsOnly(user, USER_CHARS) || user === '') return bad(start, 'bad user part');
    if (userEnd < at) {
      password = text.slice(userEnd + 1, at);
      if (!holdsOnly(password, PASSWORD_CHARS)) return bad(userEnd, 'bad password');
    }
    hostAt = at + 1;
    if (text.indexOf('@', hostAt) >= 0) return bad(hostAt, "'@' must be escaped");
  }

  const query = text.indexOf('?', hostAt);
  const beforeQuery = query < 0 ? text.length : query;
  const semi = text.indexOf(';', hostAt);
  const hostPortEnd = semi >= 0 && semi < beforeQuery ? semi : beforeQuery;
  const hostEnd = hostEndOf(text, hostAt, hostPortEnd);
  if (hostEnd < 0) return bad(hostAt, 'bad host');
  let port = 0;
  if (hostEnd < hostPortEnd) {
    if (text.charCodeAt(hostEnd) !== COLON) return bad(hostEnd, 'bad host');
    port = parseDigits(text, hostEnd + 1, hostPortEnd, 65_535);
    if (port <= 0) return bad(hostEnd, 'bad port');
  }
  const uri: SipUri = {
    scheme,
    user,
    password,
    host: text.slice(hostAt, hostEnd).toLowerCase(),
    port,
    params: text.slice(hostPortEnd, beforeQuery),
    headers: text.slice(beforeQuery),
  };
  return { ok: true, uri };
};

/** Characters of the set, or whole escapes. Some phones write '#' bare in the user part; it harms nobody. */
const holdsOnly = (text: string, allowed: Uint8Array): boolean => {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (allowed[code] !== 1 && code !== 37 && code !== 35) return false;
  }
  return true;
};

/** End of a host name, IPv4 address or IPv6 reference, -1 when it is none. '_' is no host character but met in the wild. */
export const hostEndOf = (text: string, start: number, end: number): number => {
  if (text.charAt(start) === '[') {
    const close = text.indexOf(']', start);
    return close < 0 || close >= end || !isIpv6Text(text, start + 1, close) ? -1 : close + 1;
  }
  let at = start;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    const lower = code | 32;
    const allowed =
      (lower >= 97 && lower <= 122) ||
      (code >= 48 && code <= 57) ||
      code === 45 ||
      code === 46 ||
      code === 95;
    if (!allowed) break;
  }
  return at === start ? -1 : at;
};

/** Hexadecimal digits, at least two colons, dots: close enough to tell a reference from rubbish; sockets check the rest. */
const isIpv6Text = (text: string, start: number, end: number): boolean => {
  let colons = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    const lower = code | 32;
    if (code === COLON) colons++;
    else if (!((code >= 48 && code <= 57) || (lower >= 97 && lower <= 102) || code === 46)) return false;
  }
  return colons >= 2 && colons <= 8;
};

const SEPARATORS = '-.()';

/** Global: + and digits; local: also hexadecimal digits, * and #, then with phone-context (RFC 3966 §3). */
const parseTel = (text: string): UriResult => {
  const semi = text.indexOf(';');
  const end = semi < 0 ? text.length : semi;
  let digits = 0;
  for (let at = 4; at < end; at++) {
    const char = text.charAt(at);
    if (/[0-9a-fA-F*#]/.test(char)) digits++;
    else if (!SEPARATORS.includes(char) && !(char === '+' && at === 4))
      return bad(at, 'bad telephone number');
  }
  if (digits === 0) return bad(4, 'no telephone number');
  return { ok: true, uri: { scheme: 'tel', number: text.slice(4, end), params: text.slice(end) } };
};

const parseUrn = (text: string): UriResult => {
  const colon = text.indexOf(':', 4);
  if (colon < 6 || colon === text.length - 1 || !isToken(text, 4, colon)) return bad(4, 'bad URN');
  // What names the thing is not empty (RFC 8141 §2); components may follow it.
  if ('?#/'.includes(text.charAt(colon + 1))) return bad(colon + 1, 'bad URN');
  return {
    ok: true,
    uri: { scheme: 'urn', nid: text.slice(4, colon).toLowerCase(), nss: text.slice(colon + 1) },
  };
};

/** Where the parameters of a URI's text begin: after the host of SIP and SIPS, after the number of tel. */
const paramsFrom = (uri: string): number => uri.indexOf('@') + 1;

/** Index of the name of a URI parameter, or -1; no objects are made. */
const findUriParam = (uri: string, lowerName: string, after = 0): number => {
  const from = Math.max(after, paramsFrom(uri));
  const query = uri.indexOf('?', from);
  const end = query < 0 ? uri.length : query;
  for (let semi = uri.indexOf(';', from); semi >= 0 && semi < end; semi = uri.indexOf(';', semi + 1)) {
    const nameEnd = semi + 1 + lowerName.length;
    if (nameEnd > end || !matchesLower(uri, semi + 1, lowerName)) continue;
    const next = uri.charCodeAt(nameEnd);
    if (nameEnd === end || next === 61 || next === SEMICOLON) return semi + 1;
  }
  return -1;
};

const uriParamEnd = (uri: string, at: number): number => {
  for (let end = at; end < uri.length; end++) {
    const code = uri.charCodeAt(end);
    if (code === SEMICOLON || code === QUESTION) return end;
  }
  return uri.length;
};

/** A parameter of the URI itself (`lr`, `transport`, `ob`, …), escapes undone: undefined when absent, '' without value. */
export const uriParam = (uri: string, name: string): string | undefined => {
  const at = findUriParam(uri, name);
  if (at < 0) return undefined;
  const equals = at + name.length;
  if (uri.charCodeAt(equals) !== 61) return '';
  return unescapePercent(uri.slice(equals + 1, uriParamEnd(uri, equals)));
};

/** The URI with the parameter set: replaced, or added after the others. The value is written as given. */
export const withUriParam = (uri: string, name: string, value?: string): string => {
  const text = value === undefined ? name : `${name}=${value}`;
  const rest = withoutUriParam(uri, name);
  const query = rest.indexOf('?', paramsFrom(rest));
  return query < 0 ? `${rest};${text}` : `${rest.slice(0, query)};${text}${rest.slice(query)}`;
};

/** The URI without that parameter, however often it stands there. */
export const withoutUriParam = (uri: string, name: string): string => {
  let rest = '';
  let copied = 0;
  for (let at = findUriParam(uri, name); at >= 0; at = findUriParam(uri, name, copied)) {
    rest += uri.slice(copied, at - 1);
    copied = uriParamEnd(uri, at);
  }
  return rest + uri.slice(copied);
};

/** The URI without `?headers`: they must not stay in a Request-URI that is passed on (RFC 4475 §3.1.2.11). */
export const withoutUriHeaders = (uri: string): string => {
  const query = uri.indexOf('?', paramsFrom(uri));
  return query < 0 ? uri : uri.slice(0, query);
};

/** `host` or `host:port` of a SIP URI's text by index only, lower case not made: for next hops. '' when there is none. */
export const hostPortOf = (uri: string): string => {
  const at = uri.indexOf('@');
  const start = at >= 0 ? at + 1 : uri.indexOf(':') + 1;
  let end = start;
  for (; end < uri.length; end++) {
    const code = uri.charCodeAt(end);
    if (code === SEMICOLON || code === QUESTION || code === AT) break;
  }
  return start === 0 ? '' : uri.slice(start, end);
};

/** The user part of a SIP URI's text as written, or the number of a tel URI; '' when there is none. */
export const userOf = (uri: string): string => {
  const start = uri.indexOf(':') + 1;
  const at = uri.indexOf('@', start);
  if (at < 0) {
    if (!matchesLower(uri, 0, 'tel:')) return '';
    const semi = uri.indexOf(';');
    return uri.slice(start, semi < 0 ? uri.length : semi);
  }
  const colon = uri.indexOf(':', start);
  return uri.slice(start, colon >= 0 && colon < at ? colon : at);
};
