// A hash of texts that peers choose, with a key that they do not know: HalfSipHash-2-4 (Aumasson and Bernstein), 32 bits. With
// FNV and a secret seed two texts collide whatever the seed, so that a sender could put all of its requests into one bucket.
// Reader: transaction-table.ts.

export type HashKey = Readonly<{ low: number; high: number }>;

const ROUNDS = 2;
const LAST_ROUNDS = 4;

/** 32 bits, signed. Written out in one function: its state stays in registers. */
export const keyedHash = ({ low, high }: HashKey, text: string): number => {
  const { length } = text;
  let v0 = low | 0;
  let v1 = high | 0;
  let v2 = 0x6c796765 ^ low;
  let v3 = 0x74656462 ^ high;
  // Words of four characters; the last holds what is left and the length; then the end.
  const words = (length >>> 2) + 1;
  for (let index = 0, at = 0; index <= words; index++, at += 4) {
    let word = 0;
    let rounds = ROUNDS;
    if (index < words - 1)
      word =
        (text.charCodeAt(at) & 255) |
        ((text.charCodeAt(at + 1) & 255) << 8) |
        ((text.charCodeAt(at + 2) & 255) << 16) |
        (text.charCodeAt(at + 3) << 24);
    else if (index === words - 1) {
      word = length << 24;
      for (let left = length & 3; left > 0; left--)
        word |= (text.charCodeAt(at + left - 1) & 255) << ((left - 1) << 3);
    } else {
      v2 ^= 255;
      rounds = LAST_ROUNDS;
    }
    v3 ^= word;
    for (let left = rounds; left > 0; left--) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= word;
  }
  return v1 ^ v3;
};
