// One AVP as it is on the wire, and a sequence of them read: a message's, or a group's. RFC 6733 §4.1, §4.4.
// What the data means is the dictionary's to say.
import { AVP_HEADER_BYTES, AVPS_MAX, VENDOR_HEADER_BYTES } from './limits.js';
import { RESULT } from './result-codes.js';

export const AVP_FLAG = { vendor: 0x80, mandatory: 0x40, protected: 0x20, reserved: 0x1f } as const;

/** `vendorId` is 0 where none is written. `data` is without padding and shares the message's memory. */
export type Avp = Readonly<{ code: number; vendorId: number; flags: number; data: Buffer }>;

/** What is wrong with a message: the code of the answer, and what goes into Failed-AVP. RFC 6733 §7. */
export type Fault = Readonly<{ resultCode: number; reason: string; failed?: readonly Avp[] }>;

export type AvpsRead = Readonly<{ avps: readonly Avp[]; fault?: Fault }>;

export const padded = (bytes: number): number => (bytes + 3) & ~3;

/** The header as far as it came, filled with zeros, and no data: RFC 6733 §7.1.5, DIAMETER_INVALID_AVP_LENGTH. */
const headerOnly = (bytes: Buffer, at: number, payload: number): Avp => {
  const header = Buffer.alloc(VENDOR_HEADER_BYTES);
  bytes.copy(header, 0, at, Math.min(bytes.length, at + VENDOR_HEADER_BYTES));
  const flags = header.readUInt8(4);
  const vendorId = flags & AVP_FLAG.vendor ? header.readUInt32BE(8) : 0;
  return { code: header.readUInt32BE(0), vendorId, flags, data: Buffer.alloc(payload) };
};

const wrongLength = (bytes: Buffer, at: number, reason: string): Fault => ({
  resultCode: RESULT.DIAMETER_INVALID_AVP_LENGTH,
  reason,
  failed: [headerOnly(bytes, at, 0)],
});

/**
 * Reads what stands one after another. At a fault the AVPs before it are still given: an answer needs the Session-Id.
 * The padding of the last one may be missing (RFC 6733 §4.1 asks for it; some leave it out at a group's end).
 */
export const readAvps = (bytes: Buffer): AvpsRead => {
  const avps: Avp[] = [];
  const end = bytes.length;
  for (let at = 0; at < end;) {
    if (avps.length === AVPS_MAX) {
      const reason = `more than ${AVPS_MAX} AVPs`;
      return { avps, fault: { resultCode: RESULT.DIAMETER_UNABLE_TO_COMPLY, reason } };
    }
    if (end - at < AVP_HEADER_BYTES)
      return { avps, fault: wrongLength(bytes, at, 'an AVP header is cut off') };
    const flags = bytes[at + 4] ?? 0;
    const length = ((bytes[at + 5] ?? 0) << 16) | ((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0);
    const isVendors = (flags & AVP_FLAG.vendor) !== 0;
    const start = isVendors ? VENDOR_HEADER_BYTES : AVP_HEADER_BYTES;
    if (length < start) return { avps, fault: wrongLength(bytes, at, `an AVP of length ${length}`) };
    if (length > end - at) return { avps, fault: wrongLength(bytes, at, 'an AVP goes beyond its message') };
    avps.push({
      code: bytes.readUInt32BE(at),
      vendorId: isVendors ? bytes.readUInt32BE(at + 8) : 0,
      flags,
      data: bytes.subarray(at + start, at + length),
    });
    at += padded(length);
  }
  return { avps };
};

/** The V bit as it was, also where the vendor id is 0: what is sent back as failed is what came. */
export const hasVendorField = ({ flags, vendorId }: Avp): boolean =>
  vendorId !== 0 || (flags & AVP_FLAG.vendor) !== 0;

/** With its padding. */
export const avpBytes = (avp: Avp): number =>
  padded((hasVendorField(avp) ? VENDOR_HEADER_BYTES : AVP_HEADER_BYTES) + avp.data.length);

/** Writes it at `at`, which must have room, and gives where the next one begins. */
export const writeAvp = (into: Buffer, at: number, avp: Avp): number => {
  const isVendors = hasVendorField(avp);
  const start = isVendors ? VENDOR_HEADER_BYTES : AVP_HEADER_BYTES;
  const length = start + avp.data.length;
  into.writeUInt32BE(avp.code, at);
  into.writeUInt32BE(((avp.flags << 24) | length) >>> 0, at + 4);
  if (isVendors) into.writeUInt32BE(avp.vendorId, at + 8);
  avp.data.copy(into, at + start);
  return at + length + clearPadding(into, at + length);
};

/** One after another, padded: a group's data. */
export const encodeAvps = (list: readonly Avp[]): Buffer => {
  const bytes = Buffer.allocUnsafe(list.reduce((sum, avp) => sum + avpBytes(avp), 0));
  let at = 0;
  for (const avp of list) at = writeAvp(bytes, at, avp);
  return bytes;
};

/** Zeros up to the next multiple of four; gives how many. `at` counts from where the AVPs begin, a multiple of four. */
export const clearPadding = (into: Buffer, at: number): number => {
  const padding = padded(at) - at;
  for (let i = 0; i < padding; i++) into[at + i] = 0;
  return padding;
};
