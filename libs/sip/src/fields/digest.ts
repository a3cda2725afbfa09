// HTTP digest for SIP: reading credentials, computing and comparing responses, writing challenges. RFC 7616, RFC 8760,
// RFC 3261 §22, RFC 3310 (AKA carries the same fields). Without qop (RFC 2617 legacy) nothing is accepted.
// Readers: sprout's authentication, bono (integrity-protected). Secrets pass through; none is kept.
import { hash } from 'node:crypto';
import { quote, unescaped } from './params.js';
import {
  COMMA,
  EQUALS,
  isTokenCode,
  matchesLower,
  QUOTE,
  quotedEnd,
  skipSpace,
  skipToValue,
} from '../message/scan.js';

/** What of an Authorization or Proxy-Authorization header is used; undefined: not there. Quotes and escapes are undone. */
export type DigestCredentials = {
  /** Lower case: 'digest'. */
  scheme: string;
  username: string | undefined;
  realm: string | undefined;
  nonce: string | undefined;
  uri: string | undefined;
  response: string | undefined;
  /** As written; `digestAlgorithm` knows it. */
  algorithm: string | undefined;
  cnonce: string | undefined;
  /** Eight hexadecimal digits as written; `nonceCount` is its number. */
  nc: string | undefined;
  qop: string | undefined;
  opaque: string | undefined;
  /** AKA re-synchronisation (RFC 3310 §3.4). */
  auts: string | undefined;
  /** 'integrity-protected' (TS 24.229 §7.2A.2): trusted from trusted peers only. */
  integrityProtected: string | undefined;
};

type Field = Exclude<keyof DigestCredentials, 'scheme'>;

const INTEGRITY_PROTECTED = 'integrity-protected';

/** By the length of the name: two of them at most are compared. */
const FIELDS: readonly (readonly (readonly [name: string, field: Field])[])[] = (() => {
  const byLength: [string, Field][][] = [];
  for (const field of [
    'username', 'realm', 'nonce', 'uri', 'response', 'algorithm', 'cnonce', 'nc', 'qop', 'opaque', 'auts',
  ] as const) (byLength[field.length] ??= []).push([field, field]); // prettier-ignore
  byLength[INTEGRITY_PROTECTED.length] = [[INTEGRITY_PROTECTED, 'integrityProtected']];
  return Array.from(byLength, (names) => names ?? []);
})();

const fieldAt = (text: string, start: number, end: number): Field | undefined => {
  const names = FIELDS[end - start];
  if (names !== undefined)
    for (const [name, field] of names) if (matchesLower(text, start, name)) return field;
  return undefined;
};

/** Parameters read; a header with more is refused. */
export const AUTH_PARAMS_MAX = 64;

/**
 * Reads credentials in any order, quoted or not. undefined when the text is malformed or names a field twice (which of
 * two responses counts must not be a matter of taste). Unknown fields are ignored.
 */
export const parseAuthorization = (value: string): DigestCredentials | undefined => {
  const end = value.length;
  const start = skipSpace(value, 0, end);
  let at = tokenEnd(value, start, end);
  if (at === start || (at < end && skipSpace(value, at, end) === at)) return undefined;
  const found: DigestCredentials = {
    scheme: matchesLower(value, start, 'digest') && at - start === 6 ? 'digest' : value.slice(start, at).toLowerCase(),
    username: undefined, realm: undefined, nonce: undefined, uri: undefined, response: undefined, algorithm: undefined,
    cnonce: undefined, nc: undefined, qop: undefined, opaque: undefined, auts: undefined, integrityProtected: undefined,
  }; // prettier-ignore

  for (let count = 0; (at = skipToValue(value, at, end)) < end; count++) {
    const nameEnd = tokenEnd(value, at, end);
    const equals = skipSpace(value, nameEnd, end);
    if (nameEnd === at || value.charCodeAt(equals) !== EQUALS || count === AUTH_PARAMS_MAX) return undefined;
    const from = skipSpace(value, equals + 1, end);
    const quoted = value.charCodeAt(from) === QUOTE;
    const to = quoted ? quotedEnd(value, from, end) : bareEnd(value, from, end);
    if (to < 0) return undefined;

    const field = fieldAt(value, at, nameEnd);
    if (field !== undefined) {
      if (found[field] !== undefined) return undefined;
      found[field] = quoted ? unescaped(value.slice(from + 1, to - 1)) : value.slice(from, to);
    }
    at = skipSpace(value, to, end);
    if (at < end && value.charCodeAt(at) !== COMMA) return undefined;
  }
  return found;
};

const tokenEnd = (text: string, at: number, end: number): number => {
  while (at < end && isTokenCode(text.charCodeAt(at))) at++;
  return at;
};

/** Some clients do not quote what should be quoted (a URI, a base64 nonce): anything up to a comma or white space. */
const bareEnd = (text: string, at: number, end: number): number => {
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code === 44 || code === QUOTE) return at;
  }
  return end;
};

export type DigestAlgorithm =
  'MD5' | 'SHA-256' | 'SHA-512-256' | 'MD5-sess' | 'SHA-256-sess' | 'SHA-512-256-sess';

const ALGORITHMS: ReadonlyMap<string, DigestAlgorithm> = new Map<string, DigestAlgorithm>([
  ['md5', 'MD5'], ['sha-256', 'SHA-256'], ['sha-512-256', 'SHA-512-256'], ['md5-sess', 'MD5-sess'],
  ['sha-256-sess', 'SHA-256-sess'], ['sha-512-256-sess', 'SHA-512-256-sess'],
]); // prettier-ignore

/** The algorithm that a header names; absent means MD5 (RFC 7616 §3.3), undefined: one that we do not know. */
export const digestAlgorithm = (name: string | undefined): DigestAlgorithm | undefined =>
  name === undefined || name === 'MD5' ? 'MD5' : ALGORITHMS.get(name.toLowerCase());

const hashOf = (algorithm: DigestAlgorithm, text: string): string => {
  if (algorithm === 'MD5' || algorithm === 'MD5-sess') return hash('md5', text);
  return hash(algorithm.startsWith('SHA-256') ? 'sha256' : 'sha512-256', text);
};

/** Message text is latin1: hashed as the bytes that came. Nearly always ASCII, where both are the same. */
const hashOfWire = (algorithm: DigestAlgorithm, text: string): string =>
  Buffer.byteLength(text, 'utf8') === text.length
    ? hashOf(algorithm, text)
    : hashOfBytes(algorithm, Buffer.from(text, 'latin1'));

const hashOfBytes = (algorithm: DigestAlgorithm, bytes: Buffer): string => {
  if (algorithm === 'MD5' || algorithm === 'MD5-sess') return hash('md5', bytes);
  return hash(algorithm.startsWith('SHA-256') ? 'sha256' : 'sha512-256', bytes);
};

/** H(user:realm:password), in real characters (hashed as UTF-8, RFC 7616 §4). What is provisioned and stored. */
export const ha1 = (algorithm: DigestAlgorithm, user: string, realm: string, password: string): string =>
  hashOf(algorithm, `${user}:${realm}:${password}`);

export type DigestInput = Readonly<{
  algorithm: DigestAlgorithm;
  ha1: string;
  nonce: string;
  nc: string;
  cnonce: string;
  qop: 'auth' | 'auth-int';
  method: string;
  /** The uri of the credentials, which may differ from the Request-URI (RFC 3261 §22.4 item 8). */
  uri: string;
  /** For auth-int: the body as it came, latin1. */
  body?: string;
}>;

/** The response that a client with this HA1 must have sent (RFC 7616 §3.4.1), lower-case hexadecimal. */
export const digestResponse = (input: DigestInput): string => {
  const { algorithm, nonce, nc, cnonce, qop, method, uri } = input;
  const a1 = algorithm.endsWith('-sess')
    ? hashOfWire(algorithm, `${input.ha1}:${nonce}:${cnonce}`)
    : input.ha1;
  const a2 =
    qop === 'auth' ? `${method}:${uri}` : `${method}:${uri}:${hashOfWire(algorithm, input.body ?? '')}`;
  return hashOfWire(algorithm, `${a1}:${nonce}:${nc}:${cnonce}:${qop}:${hashOfWire(algorithm, a2)}`);
};

/** Number of an `nc` of eight hexadecimal digits, at least 1; -1 for anything else. */
export const nonceCount = (nc: string | undefined): number => {
  if (nc?.length !== 8) return -1;
  let count = 0;
  for (let at = 0; at < 8; at++) {
    const code = nc.charCodeAt(at);
    const lower = code | 32;
    if (code >= 48 && code <= 57) count = count * 16 + code - 48;
    else if (lower >= 97 && lower <= 102) count = count * 16 + lower - 87;
    else return -1;
  }
  return count === 0 ? -1 : count;
};

/** Is `given` the lower-case hexadecimal text `expected`, its letter case aside? The time taken depends on the length only. */
export const sameDigest = (expected: string, given: string): boolean => {
  const lower = given.toLowerCase();
  if (expected.length !== lower.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at++) difference |= expected.charCodeAt(at) ^ lower.charCodeAt(at);
  return difference === 0;
};

export type Challenge = Readonly<{
  realm: string;
  nonce: string;
  opaque?: string;
  algorithm: string;
  /** 'auth', or a list 'auth,auth-int'. */
  qop: string;
  stale?: boolean;
  /** More fields as written, e.g. `ck="…", ik="…"` on trusted links (TS 24.229 §5.4.1.2). */
  extra?: string;
}>;

/** Value of WWW-Authenticate or Proxy-Authenticate: one header line a challenge (RFC 8760 §2.4). */
export const challengeHeader = (challenge: Challenge): string => {
  const { realm, nonce, opaque, algorithm, qop, stale, extra } = challenge;
  return (
    `Digest realm=${quote(realm)},nonce=${quote(nonce)}` +
    (opaque === undefined ? '' : `,opaque=${quote(opaque)}`) +
    `,algorithm=${algorithm},qop=${quote(qop)}` +
    (stale === true ? ',stale=true' : '') +
    (extra === undefined ? '' : `,${extra}`)
  );
};
