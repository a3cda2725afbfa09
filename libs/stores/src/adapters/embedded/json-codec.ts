// The codec of rows that are plain JSON.
// Used by the embedded stores when none is given.
import type { Codec } from '../../key-value-store.port.js';

export const jsonCodec = <V>(): Codec<V> => ({
  encode: (value) => JSON.stringify(value),
  decode: (text) => JSON.parse(text) as V,
});
