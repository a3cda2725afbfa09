// Is a header value of the plain form that nearly all have? Then it follows the grammar, and nothing need be taken apart:
// one pass over the text, nothing made. Whatever else it may be, the parsers say (name-addr.ts, uri.ts, via.ts): "no" here
// means no more than "ask them". RFC 3261 §25.1. Reader: check-fields.ts.
import { COLON, COMMA, GREATER, isDigitCode, LESS, QUOTE, quotedEnd, SEMICOLON, SPACE, TOKEN_LOWER } from './scan.js'; // prettier-ignore

const DOT = 46;
const HYPHEN = 45;
const AT_SIGN = 64;
const EQUALS_SIGN = 61;
const PERCENT = 37;
const NOT_USUAL = -1;

const isAlphanumeric = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90);

/** Of names and values of parameters: a token's characters, without the '%' of escapes. */
const isPlain = (code: number): boolean => code < 256 && TOKEN_LOWER[code] !== 0 && code !== PERCENT;

/** `<sip:user@host:port;params>` and whatever header parameters follow; a value alone on its line. */
export const isUsualAddress = (text: string, start: number, end: number): boolean => {
  if (!text.startsWith('<sip:', start)) return false;
  let at = start + 5;
  const user = at;
  for (let code = text.charCodeAt(at); isAlphanumeric(code) || code === DOT || code === HYPHEN;)
    code = text.charCodeAt(++at);
  if (text.charCodeAt(at) === AT_SIGN) {
    if (at === user) return false;
    at++;
  } else at = user; // no user part: what was read is the host
  at = hostPortEnd(text, at);
  if (at === NOT_USUAL) return false;
  at = paramsEnd(text, at);
  if (at >= end || text.charCodeAt(at) !== GREATER) return false;
  at++;
  if (at < end && text.charCodeAt(at) !== SEMICOLON) return false;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === LESS) return false;
    at = code === QUOTE ? quotedEnd(text, at, end) : at + 1;
    if (at < 0) return false;
  }
  return at === end;
};

/** `SIP/2.0/UDP host:port;params`; a value alone on its line. */
export const isUsualVia = (text: string, start: number, end: number): boolean => {
  if (!text.startsWith('SIP/2.0/', start)) return false;
  let at = start + 8;
  while (isAlphanumeric(text.charCodeAt(at))) at++;
  if (at === start + 8 || text.charCodeAt(at) !== SPACE) return false;
  at = hostPortEnd(text, at + 1);
  return at !== NOT_USUAL && paramsEnd(text, at) === end;
};

/** Nothing but printable characters of ASCII, and no space. */
export const isUsualCallId = (text: string, start: number, end: number): boolean => {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code <= SPACE || code >= 127) return false;
  }
  return true;
};

/** Labels of letters, digits and inner hyphens, with single dots between them; then perhaps a port. */
const hostPortEnd = (text: string, start: number): number => {
  let at = start;
  let before = DOT;
  for (let code = text.charCodeAt(at); ; code = text.charCodeAt(++at)) {
    if (!isAlphanumeric(code)) {
      if (code !== DOT && code !== HYPHEN) break;
      if (!isAlphanumeric(before)) return NOT_USUAL;
    }
    before = code;
  }
  if (!isAlphanumeric(before) || at === start) return NOT_USUAL;
  if (text.charCodeAt(at) !== COLON) return at;
  const digits = ++at;
  const first = text.charCodeAt(digits);
  while (isDigitCode(text.charCodeAt(at))) at++;
  // Surely from 1 to 59,999.
  const digitsMax = first < 54 ? 5 : 4;
  return first !== 48 && at > digits && at <= digits + digitsMax ? at : NOT_USUAL;
};

/** Index after `;name` and `;name=value`, as many as there are. Stops where something else begins. */
const paramsEnd = (text: string, start: number): number => {
  let at = start;
  while (text.charCodeAt(at) === SEMICOLON) {
    const name = at + 1;
    let next = name;
    while (isPlain(text.charCodeAt(next))) next++;
    if (next === name) return at;
    if (text.charCodeAt(next) === EQUALS_SIGN) {
      const value = ++next;
      while (isPlain(text.charCodeAt(next))) next++;
      if (next === value) return at;
    }
    at = next;
  }
  return at;
};
