// What one client or server may send at once, after memcached's own protocol.txt. Beyond it a request is refused, and what belongs to it
// is passed over. Used by the readers beside it.

/** As memcached's own. */
export const KEY_BYTES_MAX = 250;
/** memcached's largest item; a little of it is its own header's, so that the largest values are refused by it. */
export const VALUE_BYTES_MAX = 1024 * 1024;
/** A line without an end: the connection is closed. */
export const LINE_BYTES_MAX = 65_536;
/** Keys of one get. */
export const KEYS_MAX = 1_024;
/** Flags of one meta command. */
export const META_FLAGS_MAX = 16;
/** `O<opaque>` of a meta command. */
export const OPAQUE_BYTES_MAX = 32;
