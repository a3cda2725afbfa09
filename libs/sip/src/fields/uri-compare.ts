// When two URIs are the same (RFC 3261 §19.1.4, RFC 3966 §4, RFC 5627 §5.3, RFC 8141 §3), and the address of record that a
// URI names (RFC 3261 §10.3 item 5; TS 23.003 §13.4). Readers: registrar, routing, bono's asserted identities.
import { normaliseEscapes, unescapePercent, USER_CHARS } from './percent.js';
import { parseUri, type SipUri, type TelUri, type Uri, type UrnUri } from './uri.js';

/** Parameters of one URI that are compared; a message is bounded, so this is only against silly ones. Above: not equal. */
const PARAMS_COMPARED_MAX = 100;

/** A parameter that stands in one URI only makes a difference (the examples of §19.1.4 count transport among them). */
const DECISIVE = new Set(['user', 'ttl', 'method', 'maddr', 'transport', 'gr']);

/** Same URI? What does not parse equals only the same text. */
export const uriEquals = (left: string, right: string): boolean => {
  if (left === right) return true;
  const a = parseUri(left);
  const b = parseUri(right);
  return a.ok && b.ok && sameUri(a.uri, b.uri);
};

const sameUri = (a: Uri, b: Uri): boolean => {
  switch (a.scheme) {
    case 'sip':
    case 'sips':
      return a.scheme === b.scheme && sameSip(a, b);
    case 'tel':
      return b.scheme === 'tel' && sameTel(a, b);
    case 'urn':
      return b.scheme === 'urn' && urnText(a) === urnText(b);
    case 'other':
      return b.scheme === 'other' && a.name === b.name && a.rest === b.rest;
  }
};

const sameSip = (a: SipUri, b: SipUri): boolean =>
  a.host === b.host &&
  a.port === b.port &&
  sameText(a.user, b.user) &&
  sameText(a.password, b.password) &&
  sameParams(a.params, b.params, (name) => !DECISIVE.has(name)) &&
  sameHeaders(a.headers, b.headers);

const sameText = (a: string | undefined, b: string | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && normaliseEscapes(a) === normaliseEscapes(b));

/** Parameters of each are compared with the other's; one that the other lacks must be one that may be ignored. */
const sameParams = (a: string, b: string, mayLack: (name: string) => boolean): boolean => {
  if (a === b) return true;
  const left = paramsMap(a, ';');
  const right = paramsMap(b, ';');
  if (left === undefined || right === undefined) return false;
  for (const [name, value] of left) {
    const other = right.get(name);
    if (other === undefined ? !mayLack(name) : other !== value) return false;
  }
  for (const name of right.keys()) if (!left.has(name) && !mayLack(name)) return false;
  return true;
};

const paramsMap = (text: string, separator: string): Map<string, string> | undefined => {
  const map = new Map<string, string>();
  for (const part of text.slice(1).split(separator, PARAMS_COMPARED_MAX + 1)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = normaliseEscapes(equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    // 'x' and 'x=' are told apart by the '=' that is kept.
    const value = equals < 0 ? '' : normaliseEscapes(part.slice(equals)).toLowerCase();
    if (map.has(name) && map.get(name) !== value) return undefined;
    map.set(name, value);
  }
  return map.size > PARAMS_COMPARED_MAX ? undefined : map;
};

const sameHeaders = (a: string, b: string): boolean => {
  if (a === b) return true;
  const left = paramsMap(a, '&');
  const right = paramsMap(b, '&');
  if (left === undefined || right === undefined || left.size !== right.size) return false;
  for (const [name, value] of left) if (right.get(name) !== value) return false;
  return true;
};

const sameTel = (a: TelUri, b: TelUri): boolean =>
  plainNumber(a.number) === plainNumber(b.number) && sameParams(telParams(a), telParams(b), () => false);

/** Without visual separators, in lower case (RFC 3966 §5.1.1). */
export const plainNumber = (number: string): string => number.replace(/[-.()]/g, '').toLowerCase();

/** Numbers inside ext and phone-context are compared without separators too. */
const telParams = (uri: TelUri): string =>
  uri.params.replace(/;(ext|phone-context)=([^;]*)/gi, (_all, name: string, value: string) =>
    /^\+?[-.()0-9a-f*#]+$/i.test(value) ? `;${name}=${plainNumber(value)}` : `;${name}=${value}`,
  );

/** NID in lower case; the NSS keeps its case but for escapes; r-, q- and f-components do not count (RFC 8141 §3.1). */
const urnText = (uri: UrnUri): string => {
  const end = uri.nss.search(/\?[+=]|#/);
  const nss = end < 0 ? uri.nss : uri.nss.slice(0, end);
  return `urn:${uri.nid}:${nss.replace(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase())}`;
};

/**
 * The address of record in its one spelling: `sip:user@host` without password, port, parameters and headers, host in lower
 * case, escapes normalised, sips as sip; `tel:number` without separators, a local number with its phone-context; a URN.
 * undefined for what does not parse or has another scheme.
 */
export const aorOf = (uri: string): string | undefined => {
  if (isCanonical(uri)) return uri;
  const parsed = parseUri(uri);
  if (!parsed.ok) return undefined;
  const found = parsed.uri;
  switch (found.scheme) {
    case 'sip':
    case 'sips':
      return found.user === undefined
        ? `sip:${found.host}`
        : // "All escaped characters converted to their unescaped form", as far as they may stand bare there.
          `sip:${normaliseEscapes(found.user, USER_CHARS)}@${found.host}`;
    case 'tel':
      return telAor(found);
    case 'urn':
      return urnText(found);
    case 'other':
      return undefined;
  }
};

const telAor = (uri: TelUri): string => {
  const number = plainNumber(uri.number);
  const context = number.startsWith('+') ? null : /;phone-context=([^;]*)/i.exec(uri.params);
  if (context === null) return `tel:${number}`;
  const value = unescapePercent(context[1]!);
  return `tel:${number};phone-context=${value.startsWith('+') ? plainNumber(value) : value.toLowerCase()}`;
};

/** `sip:` and nothing but what the canonical spelling may hold: then it is its own address of record. Most are. */
const isCanonical = (uri: string): boolean => {
  if (!uri.startsWith('sip:')) return false;
  let at = -1;
  for (let index = 4; index < uri.length; index++) {
    const code = uri.charCodeAt(index);
    if (code === 64) {
      if (at >= 0) return false;
      at = index;
    } else if (!((code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 45 || code === 46)) {
      // '+' and '_' are usual in users, and change nothing there.
      if (at >= 0 || (code !== 43 && code !== 95)) return false;
    }
  }
  return at > 4 && at < uri.length - 1;
};
