// Character classes and index scanners shared by the parsers: RFC 3261 §25.1. No allocation, nothing throws.
// Readers: parse-message.ts, edits.ts, fields.ts, name-addr.ts, via.ts, uri.ts, digest.ts.

export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const COMMA = 44;
export const SLASH = 47;
export const COLON = 58;
export const SEMICOLON = 59;
export const LESS = 60;
export const EQUALS = 61;
export const GREATER = 62;
export const QUESTION = 63;
export const AT = 64;
export const BACKSLASH = 92;

const TOKEN_MARKS = "-.!%*_+`'~";
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';

/** Lower-case code of a token character, 0 for every other character (RFC 3261 §25.1 token). */
export const TOKEN_LOWER = new Uint8Array(256);
for (const char of LETTERS + DIGITS + TOKEN_MARKS) {
  TOKEN_LOWER[char.charCodeAt(0)] = char.charCodeAt(0);
  TOKEN_LOWER[char.toUpperCase().charCodeAt(0)] = char.charCodeAt(0);
}

/** True for a token character; characters beyond latin1 are none. */
export const isTokenCode = (code: number): boolean => code < 256 && TOKEN_LOWER[code] !== 0;

export const isDigitCode = (code: number): boolean => code >= 48 && code <= 57;

/** Space, tab, and the CR and LF of a fold: inside a parsed value they can be nothing else. */
export const isSpaceCode = (code: number): boolean =>
  code === SPACE || code === TAB || code === CR || code === LF;

/** True when `text` from `start` to `end` is a non-empty token. */
export const isToken = (text: string, start = 0, end = text.length): boolean => {
  if (start >= end) return false;
  for (let at = start; at < end; at++) if (!isTokenCode(text.charCodeAt(at))) return false;
  return true;
};

/** First index at or after `at` that is no white space, at most `end`. */
export const skipSpace = (text: string, at: number, end: number): number => {
  while (at < end && isSpaceCode(text.charCodeAt(at))) at++;
  return at;
};

/** The end of `text[start, end)` with trailing white space cut. */
export const trimEnd = (text: string, start: number, end: number): number => {
  while (end > start && isSpaceCode(text.charCodeAt(end - 1))) end--;
  return end;
};

/** `at` is an opening quote: the index after its closing quote, or -1 when it is never closed. */
export const quotedEnd = (text: string, at: number, end: number): number => {
  // Nearly always there is no escape: then the next quote ends it.
  const next = text.indexOf('"', at + 1);
  if (next < 0 || next >= end) return -1;
  if (text.charCodeAt(next - 1) !== BACKSLASH) return next + 1;
  for (let index = at + 1; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === BACKSLASH) index++;
    else if (code === QUOTE) return index + 1;
  }
  return -1;
};

/** The same, `end` when it is never closed. */
export const skipQuoted = (text: string, at: number, end: number): number => {
  const closed = quotedEnd(text, at, end);
  return closed < 0 ? end : closed;
};

/** `at` is a '<': the index after its '>', or `end` when there is none. */
export const skipAngle = (text: string, at: number, end: number): number => {
  const close = text.indexOf('>', at);
  return close < 0 || close >= end ? end : close + 1;
};

/** Above this many characters to the end of the text, indexOf could look far beyond the range asked: then by character. */
const NEAR_MAX = 4_096;

/**
 * Index of the first `wanted` character outside quotes and angle brackets, or `end`. With COMMA it ends one value of a
 * comma-joined header, with SEMICOLON one parameter.
 */
export const indexOutside = (text: string, wanted: number, start: number, end: number): number =>
  text.length - start > NEAR_MAX
    ? scanOutside(text, wanted, start, end)
    : seekOutside(text, wanted, start, end);

const scanOutside = (text: string, wanted: number, start: number, end: number): number => {
  let at = start;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === wanted) return at;
    if (code === QUOTE) at = skipQuoted(text, at, end);
    else if (code === LESS) at = skipAngle(text, at, end);
    else at++;
  }
  return end;
};

const seek = (text: string, char: string, from: number, end: number): number => {
  const at = text.indexOf(char, from);
  return at < 0 || at > end ? end : at;
};

/** The same by indexOf, four times as fast on usual values. What was found is kept while it lies ahead: linear. */
const seekOutside = (text: string, wanted: number, start: number, end: number): number => {
  const char = wanted === COMMA ? ',' : wanted === SEMICOLON ? ';' : String.fromCharCode(wanted);
  let hit = seek(text, char, start, end);
  let quote = seek(text, '"', start, hit);
  let less = seek(text, '<', start, hit);
  while (quote < hit || less < hit) {
    const at = quote < less ? skipQuoted(text, quote, end) : skipAngle(text, less, end);
    if (hit < at) hit = seek(text, char, at, end);
    if (quote < at) quote = seek(text, '"', at, end);
    if (less < at) less = seek(text, '<', at, end);
  }
  return hit;
};

/** Start of the next value of a comma-joined header: skips white space and empty elements. */
export const skipToValue = (text: string, at: number, end: number): number => {
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code !== COMMA && !isSpaceCode(code)) break;
    at++;
  }
  return at;
};

/** Case-insensitive (ASCII) comparison of `text` at `start` with `lower`, which must be in lower case. */
export const matchesLower = (text: string, start: number, lower: string): boolean => {
  for (let index = 0; index < lower.length; index++) {
    let code = text.charCodeAt(start + index);
    if (code >= 65 && code <= 90) code |= 32;
    if (code !== lower.charCodeAt(index)) return false;
  }
  return true;
};

/** Digits of `text[start, end)` as a number; -1 when it is empty, holds anything else, or is above `max`. */
export const parseDigits = (text: string, start: number, end: number, max: number): number => {
  if (start >= end) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
    if (value > max) return -1;
  }
  return value;
};
