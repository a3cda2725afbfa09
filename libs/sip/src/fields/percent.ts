// Percent escapes of URI parts, and the bytes behind latin1 text. RFC 3261 §19.1.2, §25.1; RFC 3986 §2.
// Message text is latin1, one character a byte: `decodeUtf8` and `encodeUtf8` go to and from real characters.
// Readers: uri.ts, uri-compare.ts, and whoever puts foreign text into a URI.

const HEX = '0123456789ABCDEF';

const hexValue = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
};

/** Code of the escape `%xy` at `at`, or -1 when there is none. */
export const escapeAt = (text: string, at: number): number => {
  if (text.charCodeAt(at) !== 37) return -1;
  const high = hexValue(text.charCodeAt(at + 1));
  const low = hexValue(text.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
};

/** True when every '%' begins an escape. */
export const escapesAreWhole = (text: string): boolean => {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 3))
    if (escapeAt(text, at) < 0) return false;
  return true;
};

/** Escapes undone, one latin1 character a byte; what is no escape stays as it is. */
export const unescapePercent = (text: string): string => {
  let at = text.indexOf('%');
  if (at < 0) return text;
  let plain = '';
  let copied = 0;
  for (; at >= 0; at = text.indexOf('%', at + 1)) {
    const code = escapeAt(text, at);
    if (code < 0) continue;
    plain += text.slice(copied, at) + String.fromCharCode(code);
    copied = at + 3;
    at += 2;
  }
  return plain + text.slice(copied);
};

const charSet = (chars: string): Uint8Array => {
  const set = new Uint8Array(128);
  for (const char of `abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789${chars}`)
    set[char.charCodeAt(0)] = 1;
  return set;
};

const UNRESERVED = "-_.!~*'()";
/** Characters that may stand bare in a user part, a password, a URI parameter and a URI header. */
export const USER_CHARS = charSet(`${UNRESERVED}&=+$,;?/`);
export const PASSWORD_CHARS = charSet(`${UNRESERVED}&=+$,`);
export const PARAM_CHARS = charSet(`${UNRESERVED}[]/:&+$`);
export const HEADER_CHARS = charSet(`${UNRESERVED}[]/?:+$`);
const UNRESERVED_CHARS = charSet(UNRESERVED);

/** Escapes what may not stand in the part that `allowed` describes; characters beyond latin1 as their UTF-8 bytes. */
export const escapePercent = (text: string, allowed: Uint8Array = USER_CHARS): string => {
  let escaped = '';
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 128 && allowed[code] === 1) continue;
    escaped += text.slice(copied, at);
    if (code < 256) escaped += byteEscape(code);
    else {
      const char = String.fromCodePoint(text.codePointAt(at)!);
      for (const byte of Buffer.from(char, 'utf8')) escaped += byteEscape(byte);
      at += char.length - 1;
    }
    copied = at + 1;
  }
  return copied === 0 ? text : escaped + text.slice(copied);
};

const byteEscape = (byte: number): string => `%${HEX[byte >> 4]}${HEX[byte & 15]}`;

/**
 * One spelling of equal escapes: those of `bare` characters are undone, all others written in upper case. By default bare
 * are the unreserved ones: the escape of a reserved character is not that character (RFC 3261 §19.1.4).
 */
export const normaliseEscapes = (text: string, bare: Uint8Array = UNRESERVED_CHARS): string => {
  if (!text.includes('%')) return text;
  let normal = '';
  let copied = 0;
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) {
    const code = escapeAt(text, at);
    if (code < 0) continue;
    const undone = code < 128 && bare[code] === 1;
    normal += text.slice(copied, at) + (undone ? String.fromCharCode(code) : byteEscape(code));
    copied = at + 3;
    at += 2;
  }
  return normal + text.slice(copied);
};

const isAscii = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
};

/** What latin1 message text says when its bytes are read as UTF-8. */
export const decodeUtf8 = (latin1: string): string =>
  isAscii(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8');

/** Real characters as the latin1 message text that carries their UTF-8 bytes. */
export const encodeUtf8 = (text: string): string =>
  isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
