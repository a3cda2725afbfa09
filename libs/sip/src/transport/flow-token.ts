// Self-contained flow tokens (RFC 5626 §5.2): a flow written into the user part of a Path or Record-Route URI, signed,
// so that the edge finds it again from the token alone, for UDP even after a restart. Pure; the key is an argument.
// Layout: 1 byte version, family and transport · 1 byte listener · local address, port · remote address, port ·
// for connections 6 bytes connection id, 4 bytes process start · 12 bytes HMAC-SHA-256. base64url, fit for a user part.
// Version 2, of a worker other than the first: 1 byte with its number after the listener.
import { hash, timingSafeEqual } from 'node:crypto';
import { formatIp, parseIp } from '../fields/ip-address.js';
import type { TransportName } from './transport.port.js';

/** 96 bits: a forger has one try a request. */
const MAC_BYTES = 12;
const VERSION = 1;
const VERSION_OF_WORKERS = 2;
const TRANSPORTS: readonly TransportName[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];
const HASH_BLOCK_BYTES = 64;

/** What a token says. `listener` is the index of the listener in the node's list. */
export type FlowReference = Readonly<{
  transport: TransportName;
  listener: number;
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  /** 0 for UDP. */
  connectionId: number;
  /** Of several processes on one port, whose connection it is; absent: the first one's, or there is but one. */
  worker?: number;
}>;

export interface FlowTokens {
  /** undefined for what is no flow: addresses that are none or of two families, numbers out of range. */
  encode(flow: FlowReference): string | undefined;
  /**
   * What an untampered token of this node says; a connection's token of another process start is none, unless it is another
   * worker's. Never throws.
   */
  decode(token: string): FlowReference | undefined;
}

/**
 * `key`: 32 random bytes that outlive the process. `processStart`: a 32-bit number, another one at each start. `worker`: the number
 * of this process among those on the same ports.
 */
export const flowTokens = (key: Buffer, processStart: number, worker = 0): FlowTokens => {
  const signer: Signer = { start: processStart >>> 0, worker, sign: hmacSha256(key) };
  return {
    encode: (flow) => encode(flow, signer),
    decode: (token) => decode(token, signer),
  };
};

type Signer = Readonly<{ start: number; worker: number; sign: Sign }>;

type Sign = (bytes: Buffer) => Buffer;

const encode = (flow: FlowReference, { start, worker, sign }: Signer): string | undefined => {
  const local = parseIp(flow.localAddress);
  const remote = parseIp(flow.remoteAddress);
  const transport = TRANSPORTS.indexOf(flow.transport);
  if (!local || !remote || local.length !== remote.length || transport < 0 || !inRange(flow))
    return undefined;
  const version = worker === 0 ? VERSION : VERSION_OF_WORKERS;
  const bytes = Buffer.alloc(bodyLength(local.length, transport, version) + MAC_BYTES);
  bytes[0] = (version << 4) | (local.length === 16 ? 8 : 0) | transport;
  bytes[1] = flow.listener;
  let at = addressesAt(version);
  if (worker !== 0) bytes[2] = worker;
  bytes.set(local, at);
  at = bytes.writeUInt16BE(flow.localPort, at + local.length);
  bytes.set(remote, at);
  at = bytes.writeUInt16BE(flow.remotePort, at + remote.length);
  if (transport > 0) {
    at = bytes.writeUIntBE(flow.connectionId, at, 6);
    at = bytes.writeUInt32BE(start, at);
  }
  sign(bytes.subarray(0, at)).copy(bytes, at, 0, MAC_BYTES);
  return bytes.toString('base64url');
};

/** IPv6 and a connection of another worker: 49 bytes and the signature. */
const TOKEN_LENGTH_MAX = 82;

const decode = (token: string, { start, worker, sign }: Signer): FlowReference | undefined => {
  if (token.length > TOKEN_LENGTH_MAX) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length < MAC_BYTES + 2) return undefined;
  const head = bytes[0]!;
  const transport = head & 7;
  const addressLength = (head & 8) === 0 ? 4 : 16;
  const version = head >> 4;
  const end = bodyLength(addressLength, transport, version);
  const isKnown = version === VERSION || version === VERSION_OF_WORKERS;
  if (!isKnown || transport >= TRANSPORTS.length || bytes.length !== end + MAC_BYTES) return undefined;
  if (!timingSafeEqual(sign(bytes.subarray(0, end)).subarray(0, MAC_BYTES), bytes.subarray(end)))
    return undefined;
  // base64url has several spellings of the same bytes: only ours is a token.
  if (bytes.toString('base64url') !== token) return undefined;
  const connection = transport > 0;
  const owner = version === VERSION ? 0 : bytes[2]!;
  if (connection && owner === worker && bytes.readUInt32BE(end - 4) !== start) return undefined;
  const at = addressesAt(version);
  return {
    transport: TRANSPORTS[transport]!,
    listener: bytes[1]!,
    localAddress: formatIp(bytes.subarray(at, at + addressLength)),
    localPort: bytes.readUInt16BE(at + addressLength),
    remoteAddress: formatIp(bytes.subarray(at + addressLength + 2, at + 2 * addressLength + 2)),
    remotePort: bytes.readUInt16BE(at + 2 * addressLength + 2),
    connectionId: connection ? bytes.readUIntBE(end - 10, 6) : 0,
    ...(owner === 0 ? {} : { worker: owner }),
  };
};

const inRange = ({ listener, localPort, remotePort, connectionId }: FlowReference): boolean =>
  fits(listener, 0xff) &&
  fits(localPort, 0xffff) &&
  fits(remotePort, 0xffff) &&
  fits(connectionId, 2 ** 48 - 1);

const fits = (value: number, max: number): boolean => Number.isInteger(value) && value >= 0 && value <= max;

/** Where the addresses begin. */
const addressesAt = (version: number): number => (version === VERSION ? 2 : 3);

const bodyLength = (addressLength: number, transport: number, version: number): number =>
  addressesAt(version) + 2 * (addressLength + 2) + (transport > 0 ? 10 : 0);

/** RFC 2104 on the one-shot hash, which costs half of createHmac. */
const hmacSha256 = (key: Buffer): Sign => {
  const block = Buffer.alloc(HASH_BLOCK_BYTES);
  (key.length > HASH_BLOCK_BYTES ? hash('sha256', key, 'buffer') : key).copy(block);
  const inner = block.map((byte) => byte ^ 0x36);
  const outer = block.map((byte) => byte ^ 0x5c);
  return (bytes) =>
    hash('sha256', Buffer.concat([outer, hash('sha256', Buffer.concat([inner, bytes]), 'buffer')]), 'buffer');
};
