// STUN Binding as a UDP keep-alive on the SIP port (RFC 5626 §3.5.2, §8; RFC 8489): says what address the peer is seen
// at. No authentication, no other method. Pure: bytes in, bytes out. Reader: adapters/udp.ts.
import { crc32 } from 'node:zlib';
import { parseIp } from '../fields/ip-address.js';

const HEADER_BYTES = 20;
const MAGIC_COOKIE = 0x2112a442;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const ERROR_CODE = 0x0009;
const UNKNOWN_ATTRIBUTES = 0x000a;
const XOR_MAPPED_ADDRESS = 0x0020;
const FINGERPRINT = 0x8028;
const FINGERPRINT_MASK = 0x5354554e;
/** Attributes below are comprehension-required; those at or above it may be ignored (RFC 8489 §14). */
const OPTIONAL_FROM = 0x8000;
/**
 * Comprehension-required attributes that change nothing without authentication: USERNAME, MESSAGE-INTEGRITY, REALM,
 * NONCE, MESSAGE-INTEGRITY-SHA256, PASSWORD-ALGORITHM, USERHASH, and ICE's PRIORITY and USE-CANDIDATE.
 */
const HARMLESS: ReadonlySet<number> = new Set([0x06, 0x08, 0x14, 0x15, 0x1c, 0x1d, 0x1e, 0x24, 0x25]);
/** At most this many are listed in a 420 answer, so that it is never larger than what asked for it. */
const UNKNOWN_LISTED_MAX = 8;
const ATTRIBUTES_MAX = 64;

/** Two zero bits, then a length of whole words that fits, and the cookie (RFC 8489 §5). */
export const looksLikeStun = (bytes: Buffer): boolean =>
  bytes.length >= HEADER_BYTES &&
  bytes[0]! < 0x40 &&
  bytes.readUInt32BE(4) === MAGIC_COOKIE &&
  (bytes.readUInt16BE(2) & 3) === 0 &&
  bytes.readUInt16BE(2) === bytes.length - HEADER_BYTES;

/** The answer to a Binding request, with FINGERPRINT if it had one; undefined for anything else. */
export const answerBinding = (request: Buffer, address: string, port: number): Buffer | undefined => {
  if (!looksLikeStun(request) || request.readUInt16BE(0) !== BINDING_REQUEST) return undefined;
  const attributes = readAttributes(request);
  if (!attributes) return undefined;
  const { unknown, fingerprint } = attributes;
  const transactionId = request.subarray(8, HEADER_BYTES);
  if (unknown.length > 0) {
    const body = [errorCode(420, 'Unknown Attribute'), attribute(UNKNOWN_ATTRIBUTES, words(unknown))];
    return message(BINDING_ERROR, transactionId, body, fingerprint);
  }
  const ip = parseIp(address);
  if (!ip) return undefined;
  return message(BINDING_SUCCESS, transactionId, [xorMappedAddress(transactionId, ip, port)], fingerprint);
};

/** A Binding request, for peers of this stack and for tests. */
export const bindingRequest = (transactionId: Buffer, fingerprint: boolean): Buffer =>
  message(BINDING_REQUEST, transactionId, [], fingerprint);

/** undefined when the attributes do not fit the message, or its FINGERPRINT is wrong. */
const readAttributes = (bytes: Buffer): { unknown: number[]; fingerprint: boolean } | undefined => {
  const unknown: number[] = [];
  let at = HEADER_BYTES;
  for (let count = 0; at < bytes.length; count++) {
    if (count === ATTRIBUTES_MAX || at + 4 > bytes.length) return undefined;
    const type = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 2);
    const next = at + 4 + ((length + 3) & ~3);
    if (next > bytes.length) return undefined;
    if (type === FINGERPRINT) {
      // It comes last and covers all before it.
      const good =
        length === 4 && next === bytes.length && bytes.readUInt32BE(at + 4) === fingerprintOf(bytes, at);
      return good ? { unknown, fingerprint: true } : undefined;
    }
    if (type < OPTIONAL_FROM && !HARMLESS.has(type) && unknown.length < UNKNOWN_LISTED_MAX)
      unknown.push(type);
    at = next;
  }
  return { unknown, fingerprint: false };
};

const message = (
  type: number,
  transactionId: Buffer,
  attributes: readonly Buffer[],
  fingerprint: boolean,
): Buffer => {
  const body = Buffer.concat(attributes);
  const bytes = Buffer.alloc(HEADER_BYTES + body.length + (fingerprint ? 8 : 0));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(bytes.length - HEADER_BYTES, 2);
  bytes.writeUInt32BE(MAGIC_COOKIE, 4);
  transactionId.copy(bytes, 8);
  body.copy(bytes, HEADER_BYTES);
  if (fingerprint) {
    const at = bytes.length - 8;
    bytes.writeUInt16BE(FINGERPRINT, at);
    bytes.writeUInt16BE(4, at + 2);
    bytes.writeUInt32BE(fingerprintOf(bytes, at), at + 4);
  }
  return bytes;
};

const fingerprintOf = (bytes: Buffer, end: number): number =>
  (crc32(bytes.subarray(0, end)) ^ FINGERPRINT_MASK) >>> 0;

const attribute = (type: number, value: Buffer): Buffer => {
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
};

const xorMappedAddress = (transactionId: Buffer, ip: Uint8Array, port: number): Buffer => {
  const value = Buffer.alloc(4 + ip.length);
  value[1] = ip.length === 4 ? 1 : 2;
  value.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2);
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(MAGIC_COOKIE, 0);
  transactionId.copy(mask, 4);
  for (let i = 0; i < ip.length; i++) value[4 + i] = ip[i]! ^ mask[i]!;
  return attribute(XOR_MAPPED_ADDRESS, value);
};

const errorCode = (code: number, reason: string): Buffer =>
  attribute(
    ERROR_CODE,
    Buffer.from([0, 0, Math.floor(code / 100), code % 100, ...Buffer.from(reason, 'utf8')]),
  );

const words = (values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => bytes.writeUInt16BE(value, i * 2));
  return bytes;
};
