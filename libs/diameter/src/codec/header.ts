// The Diameter header: 20 bytes. RFC 6733 §3.
// Written by write-message, read by parse-message and the framer.
import { HEADER_BYTES } from './limits.js';

export const FLAG = {
  request: 0x80,
  proxiable: 0x40,
  error: 0x20,
  retransmitted: 0x10,
  reserved: 0x0f,
} as const;

export const VERSION = 1;
export const COMMAND_MAX = 0xff_ff_ff;

export type Header = Readonly<{
  flags: number;
  command: number;
  applicationId: number;
  hopByHop: number;
  endToEnd: number;
}>;

export const isRequest = ({ flags }: Pick<Header, 'flags'>): boolean => (flags & FLAG.request) !== 0;
export const isError = ({ flags }: Pick<Header, 'flags'>): boolean => (flags & FLAG.error) !== 0;
export const isProxiable = ({ flags }: Pick<Header, 'flags'>): boolean => (flags & FLAG.proxiable) !== 0;
/** The T flag: may have been sent before, to this server or to another. */
export const isRetransmitted = ({ flags }: Pick<Header, 'flags'>): boolean =>
  (flags & FLAG.retransmitted) !== 0;

/** Of at least HEADER_BYTES bytes; nothing is judged. */
export const readHeader = (bytes: Buffer): Header => ({
  flags: bytes.readUInt8(4),
  command: bytes.readUIntBE(5, 3),
  applicationId: bytes.readUInt32BE(8),
  hopByHop: bytes.readUInt32BE(12),
  endToEnd: bytes.readUInt32BE(16),
});

export const writeHeader = (into: Buffer, length: number, header: Header): void => {
  into.writeUInt32BE(((VERSION << 24) | length) >>> 0, 0);
  into.writeUInt32BE(((header.flags << 24) | header.command) >>> 0, 4);
  into.writeUInt32BE(header.applicationId, 8);
  into.writeUInt32BE(header.hopByHop, 12);
  into.writeUInt32BE(header.endToEnd, HEADER_BYTES - 4);
};
