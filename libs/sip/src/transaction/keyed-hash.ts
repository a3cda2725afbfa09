// A hash of texts that peers choose, with a key that they do not know: HalfSipHash-2-4 (Aumasson and Bernstein), 32 bits. With
// FNV and a secret seed two texts collide whatever the seed, so that a sender could put all of its requests into one bucket.
// Reader: transaction-table.ts.

export type HashKey = Readonly<{ low: number; high: number }>;

// The state of one run: hashing is synchronous, and an object or an array a message would cost more than the hash.
let v0 = 0;
let v1 = 0;
let v2 = 0;
let v3 = 0;
/** Characters that wait for a word of four, and how many there were in all. */
let word = 0;
let count = 0;

const round = (): void => {
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
};

const takeWord = (value: number): void => {
  v3 ^= value;
  round();
  round();
  v0 ^= value;
};

/** Begins a hash; `hashText` as often as there are texts, then `hashEnd`. */
export const hashBegin = ({ low, high }: HashKey): void => {
  v0 = low;
  v1 = high;
  v2 = 0x6c796765 ^ low;
  v3 = 0x74656462 ^ high;
  word = 0;
  count = 0;
};

export const hashText = (text: string): void => {
  for (let at = 0; at < text.length; at++) {
    word |= (text.charCodeAt(at) & 255) << ((count & 3) << 3);
    if ((++count & 3) !== 0) continue;
    takeWord(word);
    word = 0;
  }
};

export const hashEnd = (): number => {
  takeWord(word | (count << 24));
  v2 ^= 255;
  for (let left = 4; left > 0; left--) round();
  return v1 ^ v3;
};
