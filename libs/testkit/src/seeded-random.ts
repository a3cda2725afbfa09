// Randomness that is the same for the same seed: a failing simulation is rerun from one number. Not for secrets.
// The simulated twin of libs/runtime's system random. Generator: sfc32 (Chris Doty-Humphrey, PractRand).
import type { Random } from '#libs/runtime';

const CODES = Buffer.from('0123456789abcdefghjkmnpqrstvwxyz');

export interface SeededRandom extends Random {
  /** Uniform in [0, below). */
  integer(below: number): number;
  pick<T>(items: readonly T[]): T;
  shuffle<T>(items: readonly T[]): T[];
  /** True with this probability. */
  chance(probability: number): boolean;
  /** An independent generator, so that one part's draws do not shift another's. */
  fork(name: string): SeededRandom;
}

/** FNV-1a over the text: near seeds give far states. */
const hash = (text: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
};

export const createSeededRandom = (seed: number | string): SeededRandom => {
  let [a, b, c, counter] = [hash(`a${seed}`), hash(`b${seed}`), hash(`c${seed}`), 1];
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i += 1) next();

  const fraction = (): number => next() / 2 ** 32;
  const integer = (below: number): number => Math.floor(fraction() * below);

  return {
    fraction,
    integer,
    bytes(length) {
      const bytes = Buffer.allocUnsafe(length);
      for (let at = 0; at < length; at += 1) bytes[at] = next() & 255;
      return bytes;
    },
    token(length) {
      const bytes = Buffer.allocUnsafe(length);
      for (let at = 0; at < length; at += 1) bytes[at] = CODES[next() & 31]!;
      return bytes.toString('latin1');
    },
    chance: (probability) => fraction() < probability,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new Error('nothing to pick from');
      return items[integer(items.length)] as T;
    },
    shuffle<T>(items: readonly T[]): T[] {
      const shuffled = [...items];
      for (let i = shuffled.length - 1; i > 0; i -= 1) {
        const j = integer(i + 1);
        [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
      }
      return shuffled;
    },
    fork: (name) => createSeededRandom(`${seed}/${name}/${next()}`),
  };
};
