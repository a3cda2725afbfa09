// Method names as shared constants, so that comparing and looking up one never hashes a fresh string.
// RFC 3261 §7.1 and its extensions. Readers: parse-message.ts, fields.ts.

const KNOWN_METHODS = [
  'INVITE', 'ACK', 'BYE', 'CANCEL', 'REGISTER', 'OPTIONS', 'PRACK', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'INFO', 'REFER',
  'MESSAGE', 'UPDATE',
] as const; // prettier-ignore

/** First character and length tell the known methods apart. */
const key = (first: number, length: number): number => ((first & 31) << 4) | (length & 15);

const byKey: string[] = new Array<string>(512).fill('');
for (const method of KNOWN_METHODS) byKey[key(method.charCodeAt(0), method.length)] = method;

/** The method at `text[start, end)`: the shared constant when known, a copy otherwise. Methods are case-sensitive. */
export const methodAt = (text: string, start: number, end: number): string => {
  const known = byKey[key(text.charCodeAt(start), end - start)]!;
  return known.length === end - start && text.startsWith(known, start) ? known : text.slice(start, end);
};
