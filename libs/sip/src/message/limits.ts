// Bounds on what is read from the network, and what happens at each.
// Readers: parse-message.ts, parse-partial.ts, fields.ts.

/** Longest message taken: a UDP datagram's bound, applied to every transport. Above: refused with 513. */
export const MESSAGE_BYTES_MAX = 65_535;
/** Header lines of one message. Above: refused with 400. */
export const HEADER_LINES_MAX = 256;
/** RFC 3261 §8.1.1.5: CSeq is less than 2^31. */
export const CSEQ_MAX = 2_147_483_647;
export const MAX_FORWARDS_MAX = 255;
