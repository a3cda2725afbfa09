// Bounds on what a peer may send, with what happens at each. RFC 6733 allows 16 MiB and any depth; nothing here needs that.
// Read by the framer, the readers and the writer.

/** A longer message is answered 5015 and the connection closed: what follows cannot be framed. A user's XML is some 10 KiB. */
export const MESSAGE_BYTES_MAX = 256 * 1024;

/** AVPs of one message, members of groups included. More: 5012. */
export const AVPS_MAX = 2048;

/** Groups within groups. Deeper: 5012. IMS-Information needs four. */
export const NESTING_MAX = 8;

export const HEADER_BYTES = 20;
/** Code, flags, length; a vendor id makes it 12. */
export const AVP_HEADER_BYTES = 8;
export const VENDOR_HEADER_BYTES = 12;
