// Data formats of AVPs: how each type is checked, read and written. RFC 6733 §4.2, §4.3.
// Read by the reader and the writer of AVPs; types that hold others (Grouped) are theirs.
import { isUtf8 } from 'node:buffer';
import { isIPv4, isIPv6 } from 'node:net';

/** What TypeScript holds for each type. Time is seconds since 1970; Grouped is read and written elsewhere. */
export type Values = {
  OctetString: Buffer;
  Integer32: number;
  Integer64: bigint;
  Unsigned32: number;
  Unsigned64: bigint;
  Float32: number;
  Float64: number;
  Address: string;
  Time: number;
  UTF8String: string;
  DiameterIdentity: string;
  DiameterURI: string;
  Enumerated: number;
  IPFilterRule: string;
};

export type SimpleType = keyof Values;
export type AvpType = SimpleType | 'Grouped';

export type Format<T> = Readonly<{
  /** Of types with one length. */
  bytes?: number;
  /** The least that a valid one has: what stands for a missing AVP in Failed-AVP is as long, in zeros. */
  least: number;
  isValid(data: Buffer): boolean;
  read(data: Buffer): T;
  /** Bytes that `write` will take. */
  size(value: T): number;
  write(value: T, into: Buffer, at: number): void;
}>;

const fixed = <T>(
  bytes: number,
  read: (data: Buffer) => T,
  write: (value: T, into: Buffer, at: number) => void,
): Format<T> => ({ bytes, least: bytes, isValid: () => true, read, size: () => bytes, write });

const text = (least: number, isValid: (data: Buffer) => boolean): Format<string> => ({
  least,
  isValid,
  read: (data) => data.toString('utf8'),
  size: (value) => Buffer.byteLength(value),
  write: (value, into, at) => void into.write(value, at),
});

/** Seconds between 1900 and 1970 (RFC 5905), and what lies behind the overflow of 2036 (SNTP, RFC 6733 §4.3.1). */
const NTP_OFFSET_S = 2_208_988_800;
const ERA_S = 2 ** 32;
const TOP_BIT = 0x8000_0000;

const readTime = (data: Buffer): number => {
  const seconds = data.readUInt32BE(0);
  return (seconds >= TOP_BIT ? seconds : seconds + ERA_S) - NTP_OFFSET_S;
};

const IDENTITY = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/;
const IDENTITY_BYTES_MAX = 255;

export const isDiameterIdentity = (value: string): boolean =>
  value.length <= IDENTITY_BYTES_MAX && IDENTITY.test(value);

const URI =
  /^aaas?:\/\/([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)(:\d{1,5})?(;transport=(tcp|sctp|udp))?(;protocol=(diameter|radius|tacacs\+))?$/;

export const isDiameterUri = (value: string): boolean => value.length <= 1024 && URI.test(value);

const FAMILY_IPV4 = 1;
const FAMILY_IPV6 = 2;

const isAddress = (data: Buffer): boolean => {
  const family = data.length < 2 ? 0 : data.readUInt16BE(0);
  if (family === FAMILY_IPV4) return data.length === 6;
  if (family === FAMILY_IPV6) return data.length === 18;
  return data.length > 2;
};

const readAddress = (data: Buffer): string => {
  const family = data.readUInt16BE(0);
  if (family === FAMILY_IPV4) return data.subarray(2).join('.');
  if (family === FAMILY_IPV6) {
    const groups = Array.from({ length: 8 }, (_, i) => data.readUInt16BE(2 + 2 * i).toString(16));
    return groups.join(':');
  }
  return `family-${family}:${data.toString('hex', 2)}`;
};

/** `::` written out, and a last part in dots as two groups. */
const ipv6Groups = (address: string): readonly number[] => {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address;
  const [head = '', tail] = plain.split('::', 2);
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [left, right] = [groups(head), groups(tail ?? '')];
  return tail === undefined
    ? left
    : [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
};

const writeAddress = (value: string, into: Buffer, at: number): void => {
  if (isIPv4(value)) {
    into.writeUInt16BE(FAMILY_IPV4, at);
    value.split('.').forEach((part, i) => into.writeUInt8(Number(part), at + 2 + i));
  } else if (isIPv6(value)) {
    into.writeUInt16BE(FAMILY_IPV6, at);
    ipv6Groups(value).forEach((group, i) => into.writeUInt16BE(group, at + 2 + 2 * i));
  } else throw new RangeError(`${value} is no IP address`);
};

const anything = (): boolean => true;
const ascii = (data: Buffer): string => data.toString('latin1');

export const FORMATS: Readonly<{ [T in SimpleType]: Format<Values[T]> }> = {
  OctetString: {
    least: 0,
    isValid: anything,
    read: (data) => data,
    size: (value) => value.length,
    write: (value, into, at) => void value.copy(into, at),
  },
  Integer32: fixed(4, (data) => data.readInt32BE(0), (value, into, at) => void into.writeInt32BE(value, at)),
  Integer64: fixed(8, (data) => data.readBigInt64BE(0), (value, into, at) => void into.writeBigInt64BE(value, at)),
  Unsigned32: fixed(4, (data) => data.readUInt32BE(0), (value, into, at) => void into.writeUInt32BE(value, at)),
  Unsigned64: fixed(8, (data) => data.readBigUInt64BE(0), (value, into, at) => void into.writeBigUInt64BE(value, at)),
  Float32: fixed(4, (data) => data.readFloatBE(0), (value, into, at) => void into.writeFloatBE(value, at)),
  Float64: fixed(8, (data) => data.readDoubleBE(0), (value, into, at) => void into.writeDoubleBE(value, at)),
  Enumerated: fixed(4, (data) => data.readInt32BE(0), (value, into, at) => void into.writeInt32BE(value, at)),
  Time: fixed(4, readTime, (value, into, at) => void into.writeUInt32BE((Math.floor(value) + NTP_OFFSET_S) % ERA_S, at)),
  Address: { least: 6, isValid: isAddress, read: readAddress, size: (value) => (isIPv4(value) ? 6 : 18), write: writeAddress },
  UTF8String: text(0, isUtf8),
  DiameterIdentity: text(1, (data) => isDiameterIdentity(ascii(data))),
  DiameterURI: text(7, (data) => isDiameterUri(ascii(data))),
  IPFilterRule: text(1, (data) => /^(permit|deny) (in|out) [\x20-\x7e]+$/.test(ascii(data))),
}; // prettier-ignore
