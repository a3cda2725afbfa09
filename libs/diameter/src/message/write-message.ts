// Writing: a body by names, in the order in which its fields stand, into bytes. Several values of one name are a list and keep
// their order. Flags come from the dictionary. RFC 6733 §3, §4.
import { type Avp, AVP_FLAG, clearPadding, padded, readAvps, writeAvp } from '../codec/avp.js';
import { FORMATS, type Format, type SimpleType } from '../codec/formats.js';
import { type Header, writeHeader } from '../codec/header.js';
import {
  AVP_HEADER_BYTES,
  HEADER_BYTES,
  MESSAGE_BYTES_MAX,
  NESTING_MAX,
  VENDOR_HEADER_BYTES,
} from '../codec/limits.js';
import {
  avpByName,
  type AvpDefinition,
  type AvpName,
  type GroupName,
  type SimpleValue,
} from '../dictionary/dictionary.js';
import { Avps } from './avps.js'; // prettier-ignore

type One<N extends AvpName> = N extends GroupName ? Body | Avps : SimpleValue<N>;

/** Fields in the order in which they are to be sent; `undefined` is left out. */
export type Body = { readonly [N in AvpName]?: One<N> | readonly One<N>[] | undefined };

/** A value that its AVP cannot hold, or a message beyond MESSAGE_BYTES_MAX: the caller's mistake. */
export class CannotWriteError extends Error {}

/** One message is written at a time, and copied out. */
const scratch = Buffer.allocUnsafeSlow(MESSAGE_BYTES_MAX);

const room = (at: number, bytes: number): void => {
  if (at + bytes > MESSAGE_BYTES_MAX) throw new CannotWriteError(`longer than ${MESSAGE_BYTES_MAX} bytes`);
};

const writeSimple = ({ type, name }: AvpDefinition, value: unknown, at: number): number => {
  const format = FORMATS[type as SimpleType] as Format<unknown>;
  try {
    const bytes = format.size(value);
    room(at, bytes);
    format.write(value, scratch, at);
    return at + bytes;
  } catch (error) {
    throw new CannotWriteError(`${name}: ${(error as Error).message}`);
  }
};

const writeList = (list: readonly Avp[], from: number): number => {
  let at = from;
  for (const avp of list) {
    room(at, VENDOR_HEADER_BYTES + padded(avp.data.length));
    at = writeAvp(scratch, at, avp);
  }
  return at;
};

const writeOne = (definition: AvpDefinition, value: unknown, start: number, depth: number): number => {
  const isVendors = definition.vendorId !== 0;
  const header = isVendors ? VENDOR_HEADER_BYTES : AVP_HEADER_BYTES;
  room(start, header);
  const data = start + header;
  const end =
    definition.type === 'Grouped'
      ? writeBody(value as Body | Avps, data, depth + 1)
      : writeSimple(definition, value, data);
  const flags = (isVendors ? AVP_FLAG.vendor : 0) | (definition.mandatory ? AVP_FLAG.mandatory : 0);
  scratch.writeUInt32BE(definition.code, start);
  scratch.writeUInt32BE(((flags << 24) | (end - start)) >>> 0, start + 4);
  if (isVendors) scratch.writeUInt32BE(definition.vendorId, start + 8);
  room(end, 3);
  return end + clearPadding(scratch, end);
};

const writeBody = (body: Body | Avps, from: number, depth: number): number => {
  if (depth > NESTING_MAX) throw new CannotWriteError(`groups nest deeper than ${NESTING_MAX}`);
  if (body instanceof Avps) return writeList(body.list, from);
  let at = from;
  for (const name in body) {
    const value: unknown = body[name as AvpName];
    if (value === undefined) continue;
    const definition = avpByName(name as AvpName);
    if (Array.isArray(value)) for (const one of value as unknown[]) at = writeOne(definition, one, at, depth);
    else at = writeOne(definition, value, at, depth);
  }
  return at;
};

/** Throws CannotWriteError. The bytes are the caller's own. */
export const writeMessage = (header: Header, body: Body | Avps): Buffer => {
  const end = writeBody(body, HEADER_BYTES, 0);
  writeHeader(scratch, end, header);
  const bytes = Buffer.allocUnsafe(end);
  scratch.copy(bytes, 0, 0, end);
  return bytes;
};

/** AVPs as they would be sent: for Failed-AVP, and for tests. */
export const avpsOf = (body: Body): Avps => {
  const end = writeBody(body, HEADER_BYTES, 0);
  return new Avps(readAvps(Buffer.from(scratch.subarray(HEADER_BYTES, end))).avps);
};

/** The hop-by-hop id of a message already written: the same request goes to another peer under another one. */
export const readdress = (bytes: Buffer, hopByHop: number, flags: number): Buffer => {
  const again = Buffer.from(bytes);
  again.writeUInt8(flags, 4);
  again.writeUInt32BE(hopByHop, 12);
  return again;
};
