// Header parameters: `;name=value`, found by index, outside quotes and angle brackets. RFC 3261 §7.3.1, §25.1.
// Readers: name-addr.ts, via.ts, fields.ts, and whoever asks one parameter of a header value.
import {
  EQUALS,
  indexOutside,
  isTokenCode,
  LESS,
  matchesLower,
  QUOTE,
  quotedEnd,
  SEMICOLON,
  skipSpace,
  trimEnd,
} from '../message/scan.js';

/**
 * Index of the name of the first parameter called `lowerName` (lower case) in `text[start, end)`, or -1. `start` may be
 * anywhere before the first ';' that begins a parameter.
 */
export const findParam = (text: string, lowerName: string, start: number, end: number): number => {
  for (let semi = indexOutside(text, SEMICOLON, start, end); semi < end;) {
    const at = skipSpace(text, semi + 1, end);
    const after = at + lowerName.length;
    if (
      after <= end &&
      matchesLower(text, at, lowerName) &&
      (after === end || !isTokenCode(text.charCodeAt(after)))
    )
      return at;
    semi = indexOutside(text, SEMICOLON, at, end);
  }
  return -1;
};

/** Value of the parameter whose name is at `[at, at + nameLength)`: quotes undone, '' when it has none. */
export const paramValueAt = (text: string, at: number, nameLength: number, end: number): string => {
  const equals = skipSpace(text, at + nameLength, end);
  if (equals >= end || text.charCodeAt(equals) !== EQUALS) return '';
  const start = skipSpace(text, equals + 1, end);
  const value = text.slice(start, trimEnd(text, start, indexOutside(text, SEMICOLON, start, end)));
  return value.charCodeAt(0) === QUOTE ? unquote(value) : value;
};

/**
 * A header parameter of one value (`tag`, `expires`, `+sip.instance`, …): undefined when absent, '' when it has no value.
 * What stands inside quotes or <> is never looked at. `name` in lower case.
 */
export const headerParam = (value: string, name: string): string | undefined => {
  const at = findParam(value, name, 0, value.length);
  return at < 0 ? undefined : paramValueAt(value, at, name.length, value.length);
};

/** All header parameters in order, names in lower case, values unquoted; after the first PARAMS_MAX the rest is ignored. */
export const headerParams = (value: string): readonly (readonly [name: string, value: string])[] => {
  const found: [string, string][] = [];
  const end = value.length;
  let semi = indexOutside(value, SEMICOLON, 0, end);
  while (semi < end && found.length < PARAMS_MAX) {
    const at = skipSpace(value, semi + 1, end);
    let nameEnd = at;
    while (nameEnd < end && isTokenCode(value.charCodeAt(nameEnd))) nameEnd++;
    if (nameEnd > at)
      found.push([value.slice(at, nameEnd).toLowerCase(), paramValueAt(value, at, nameEnd - at, end)]);
    semi = indexOutside(value, SEMICOLON, at, end);
  }
  return found;
};

/** Parameters of one value that are listed. */
export const PARAMS_MAX = 100;

/** The value without its header parameters, white space cut. */
export const withoutParams = (value: string): string =>
  value.slice(0, trimEnd(value, 0, indexOutside(value, SEMICOLON, 0, value.length)));

/** The value with one header parameter taken away (every occurrence). `name` in lower case. */
export const removeParam = (value: string, name: string): string => {
  let rest = '';
  let copied = 0;
  for (
    let at = findParam(value, name, 0, value.length);
    at >= 0;
    at = findParam(value, name, copied, value.length)
  ) {
    rest += value.slice(copied, trimEnd(value, copied, value.lastIndexOf(';', at)));
    copied = indexOutside(value, SEMICOLON, at, value.length);
  }
  return rest + value.slice(copied);
};

/** A quote or a '<' between the two that is never closed: a parameter written behind it would belong to it. */
export const isLeftOpen = (value: string, start: number, end: number): boolean => {
  for (let at = start; at < end;) {
    const code = value.charCodeAt(at);
    if (code === QUOTE) {
      at = quotedEnd(value, at, end);
      if (at < 0) return true;
    } else if (code === LESS) {
      at = value.indexOf('>', at) + 1;
      if (at === 0 || at > end) return true;
    } else at++;
  }
  return false;
};

/** A quoted-string undone: quotes taken away, `\x` becomes x. What is not quoted is returned as it is. */
export const unquote = (text: string): string => {
  if (text.charCodeAt(0) !== QUOTE) return text;
  const last = text.length - 1;
  return unescaped(text.slice(1, last > 0 && text.charCodeAt(last) === QUOTE ? last : text.length));
};

/** What stands between the quotes of a quoted-string, undone: `\x` becomes x. */
export const unescaped = (inner: string): string =>
  inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner;

/** A quoted-string that says `text`: quotes and backslashes escaped, control characters (which it may not hold) dropped. */
export const quote = (text: string): string => {
  const clean = dropControls(text);
  return `"${/["\\]/.test(clean) ? clean.replace(/["\\]/g, '\\$&') : clean}"`;
};

const dropControls = (text: string): string => {
  let kept = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code >= 32 || code === 9) && code !== 127) continue;
    kept += text.slice(from, at);
    from = at + 1;
  }
  return from === 0 ? text : kept + text.slice(from);
};
