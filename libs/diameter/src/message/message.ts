// A message: header and AVPs. Reading judges what makes it unreadable (version, length, header bits, AVP lengths); what its
// command asks of it is check-message's. RFC 6733 §3, §7.1.
import { type Fault, readAvps } from '../codec/avp.js';
import { FLAG, type Header, readHeader, VERSION } from '../codec/header.js';
import { HEADER_BYTES, MESSAGE_BYTES_MAX } from '../codec/limits.js';
import { RESULT } from '../codec/result-codes.js';
import { avpByCode, leastBytes } from '../dictionary/dictionary.js';
import { Avps } from './avps.js';

export type Message = Header & Readonly<{ avps: Avps }>;

export type Parsed =
  | Readonly<{ ok: true; message: Message }>
  /** `message` has what could be read: an answer needs the ids and the Session-Id. Absent: not even a header. */
  | Readonly<{ ok: false; fault: Fault; message?: Message }>;

/** What the first bytes of a message say against it; the framer asks before it waits for the rest. */
export const lengthFault = (length: number): Fault | undefined => {
  const wrong = length < HEADER_BYTES || length % 4 !== 0 || length > MESSAGE_BYTES_MAX;
  return wrong
    ? { resultCode: RESULT.DIAMETER_INVALID_MESSAGE_LENGTH, reason: `a message of length ${length}` }
    : undefined;
};

const headerFault = (bytes: Buffer, { flags }: Header): Fault | undefined => {
  const version = bytes.readUInt8(0);
  if (version !== VERSION)
    return { resultCode: RESULT.DIAMETER_UNSUPPORTED_VERSION, reason: `version ${version}` };
  const length = bytes.readUIntBE(1, 3);
  const wrong = lengthFault(length);
  if (wrong) return wrong;
  if (length !== bytes.length)
    return { resultCode: RESULT.DIAMETER_INVALID_MESSAGE_LENGTH, reason: `${bytes.length} bytes, length ${length}` };
  if (flags & FLAG.reserved)
    return { resultCode: RESULT.DIAMETER_INVALID_BIT_IN_HEADER, reason: 'a reserved bit is set' };
  if (flags & FLAG.request && flags & FLAG.error)
    return { resultCode: RESULT.DIAMETER_INVALID_HDR_BITS, reason: 'a request with the E bit' };
  if (!(flags & FLAG.request) && flags & FLAG.retransmitted)
    return { resultCode: RESULT.DIAMETER_INVALID_HDR_BITS, reason: 'an answer with the T bit' };
  return undefined;
}; // prettier-ignore

/** The header of an AVP of a wrong length, and zeros as many as its type has at least. */
const withLeastData = (fault: Fault): Fault => ({
  ...fault,
  ...(fault.failed && {
    failed: fault.failed.map((avp) => {
      const definition = avpByCode(avp.vendorId, avp.code);
      return definition ? { ...avp, data: Buffer.alloc(leastBytes(definition)) } : avp;
    }),
  }),
});

/** One whole message, as the framer gives it. */
export const parseMessage = (bytes: Buffer): Parsed => {
  if (bytes.length < HEADER_BYTES)
    return { ok: false, fault: { resultCode: RESULT.DIAMETER_INVALID_MESSAGE_LENGTH, reason: 'no whole header' } };
  const header = readHeader(bytes);
  const wrong = headerFault(bytes, header);
  const { avps, fault } = readAvps(bytes.subarray(HEADER_BYTES));
  const message: Message = {
    flags: header.flags,
    command: header.command,
    applicationId: header.applicationId,
    hopByHop: header.hopByHop,
    endToEnd: header.endToEnd,
    avps: new Avps(avps),
  };
  const first = wrong ?? (fault && withLeastData(fault));
  return first ? { ok: false, fault: first, message } : { ok: true, message };
}; // prettier-ignore

/** Result-Code, or the code in Experimental-Result with its vendor. */
export type Result = Readonly<{ code: number; vendorId: number }>;

export const resultOf = ({ avps }: Message): Result | undefined => {
  const code = avps.get('Result-Code');
  if (code !== undefined) return { code, vendorId: 0 };
  const experimental = avps.group('Experimental-Result');
  const experimentalCode = experimental?.get('Experimental-Result-Code');
  return experimentalCode === undefined
    ? undefined
    : { code: experimentalCode, vendorId: experimental?.get('Vendor-Id') ?? 0 };
};
