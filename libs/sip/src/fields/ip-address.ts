// IP addresses as text and as bytes, in the one spelling that flows, tokens and tables compare (RFC 5952).
// Spelling is that of the operating system (inet_ntop), so that a decoded address equals a socket's remoteAddress.
// Readers: flow-token.ts, stun.ts, resolver.ts, adapters/.

/** Bytes of an IPv4 (4) or IPv6 (16) address, a zone id is cut off; undefined when the text is neither. */
export const parseIp = (text: string): Uint8Array | undefined =>
  text.includes(':') ? parseIpv6(text) : parseIpv4(text);

/** Text of 4 or 16 bytes. */
export const formatIp = (bytes: Uint8Array): string =>
  bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes);

/** The canonical spelling, or undefined when the text is no address. Brackets are taken off. */
export const canonicalIp = (text: string): string | undefined => {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (bare !== text && !bare.includes(':')) return undefined;
  const bytes = parseIp(bare);
  return bytes && formatIp(bytes);
};

export const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

/** True for the addresses that mean "every interface". */
export const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** host:port as a URI or a Via writes it: IPv6 in brackets. */
export const hostPort = (host: string, port: number): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;

const ZERO = 48;
const DOT = 46;

/** Four numbers up to 255 with dots between and no leading zeros: an IPv4 address as canonicalIp spells it. */
export const isCanonicalIpv4 = (text: string): boolean => {
  let dots = 0;
  let value = -1; // no digit yet
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (value < 0 || ++dots > 3) return false;
      value = -1;
    } else if (code < ZERO || code > ZERO + 9 || value === 0) return false;
    else if ((value = Math.max(value, 0) * 10 + code - ZERO) > 255) return false;
  }
  return dots === 3 && value >= 0;
};

const parseIpv4 = (text: string): Uint8Array | undefined => {
  const parts = text.split('.', 5);
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i]!;
    // No leading zeros: some systems read them as octal.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[i] = Number(part);
  }
  return bytes;
};

const IPV6_TEXT_MAX = 64; // 45 characters and a zone id

const parseIpv6 = (text: string): Uint8Array | undefined => {
  if (text.length > IPV6_TEXT_MAX) return undefined;
  const zone = text.indexOf('%');
  const halves = (zone < 0 ? text : text.slice(0, zone)).split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const bytes = new Uint8Array(16);
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  groups.forEach((group, i) => {
    bytes[i * 2] = group >> 8;
    bytes[i * 2 + 1] = group & 0xff;
  });
  return bytes;
};

/** 16-bit groups; the last one may be a dotted IPv4 address, which makes two. */
const groupsOf = (text: string, mayEndInIpv4: boolean): number[] | undefined => {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (mayEndInIpv4 && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part);
      if (!v4) return undefined;
      groups.push((v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(parseInt(part, 16));
    }
  }
  return groups;
};

const formatIpv6 = (bytes: Uint8Array): string => {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! << 8) | bytes[i + 1]!);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${bytes.subarray(12).join('.')}`;
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
};

const longestZeroRun = (groups: readonly number[]): { start: number; length: number } => {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
    if (end > start) start = end;
  }
  return best;
};
