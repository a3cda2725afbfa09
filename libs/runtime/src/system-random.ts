// The machine's own randomness, from the kernel's generator, drawn in blocks: a call a token would cost a system call each.
// Read by main.ts of every app, which hands it down as a Random.
import { randomFillSync } from 'node:crypto';
import type { Random } from './clock.port.js';

const POOL_BYTES = 8192;
/** 32 characters, so that five random bits name one exactly; no i, l, o, u: tokens are read aloud in support calls. */
const ALPHABET = Buffer.from('0123456789abcdefghjkmnpqrstvwxyz');
/** Longer tokens are made of pieces. */
const TOKEN_PIECE = 1024;
const FRACTION_STEPS = 2 ** 32;

export const createSystemRandom = (): Random => {
  const pool = Buffer.allocUnsafe(POOL_BYTES);
  let used = POOL_BYTES;

  const take = (length: number): number => {
    if (used + length > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    used += length;
    return used - length;
  };

  const piece = Buffer.allocUnsafeSlow(TOKEN_PIECE);
  /** One text in one piece: put together character by character it would be a tree of texts. */
  const tokenPiece = (length: number): string => {
    const at = take(length);
    // Five of the eight bits of each byte: uniform, as 256 is a multiple of 32.
    for (let i = 0; i < length; i++) piece[i] = ALPHABET[pool[at + i]! & 31]!;
    return piece.toString('latin1', 0, length);
  };

  return {
    bytes(length) {
      if (length > POOL_BYTES) return randomFillSync(Buffer.allocUnsafe(length));
      const at = take(length);
      return Buffer.from(pool.subarray(at, at + length));
    },
    fraction: () => pool.readUInt32LE(take(4)) / FRACTION_STEPS,
    token(length) {
      if (length <= TOKEN_PIECE) return tokenPiece(length);
      let text = '';
      while (text.length < length) text += tokenPiece(Math.min(length - text.length, TOKEN_PIECE));
      return text;
    },
  };
};

export const systemRandom: Random = createSystemRandom();
