// Makes a new input of known ones: bits flipped, pieces cut, moved, repeated, taken from elsewhere, tokens put in.
// Used by fuzzer.ts; all choices come from the seeded generator.
import type { SeededRandom } from '#libs/testkit';

/** Longer inputs are cut: what is not linear shows well below. */
export const INPUT_BYTES_MAX = 20_000;
const STEPS_MAX = 5;
const REPEATS_MAX = 400;

const COMMON = ['\r\n', '\r', '\n', '\0', ' ', '\t', ',', ';', '"', '\\', '<', '>', '%', '%00', '=', ':', '@', '?', '\xff', '\x80', '\xa0', '\v', '0', '-1', '4294967296', '99999999999999999999']; // prettier-ignore

type Step = (input: string, random: SeededRandom, other: string, tokens: readonly string[]) => string;

const place = (input: string, random: SeededRandom): number => random.integer(input.length + 1);

const piece = (input: string, random: SeededRandom, max = 64): string => {
  const at = place(input, random);
  return input.slice(at, at + 1 + random.integer(max));
};

const splice = (input: string, at: number, cut: number, put: string): string =>
  input.slice(0, at) + put + input.slice(at + cut);

const STEPS: readonly Step[] = [
  function flip(input, random) {
    const at = random.integer(Math.max(1, input.length));
    const code = input.charCodeAt(at) || 0;
    return splice(input, at, 1, String.fromCharCode((code ^ (1 << random.integer(8))) & 255));
  },
  function cut(input, random) {
    return splice(input, place(input, random), 1 + random.integer(24), '');
  },
  function truncate(input, random) {
    return input.slice(0, place(input, random));
  },
  function repeat(input, random) {
    const times = random.chance(0.2) ? random.integer(REPEATS_MAX) : random.integer(4);
    return splice(input, place(input, random), 0, piece(input, random).repeat(times));
  },
  function copy(input, random) {
    return splice(input, place(input, random), random.integer(8), piece(input, random));
  },
  function cross(input, random, other) {
    return splice(input, place(input, random), random.integer(64), piece(other, random, 200));
  },
  function token(input, random, _other, tokens) {
    const from = random.chance(0.6) && tokens.length > 0 ? tokens : COMMON;
    return splice(input, place(input, random), random.integer(4), random.pick(from));
  },
  function letterCase(input, random) {
    const at = place(input, random);
    const text = input.slice(at, at + 1 + random.integer(12));
    return splice(input, at, text.length, text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase());
  }, // prettier-ignore
];

/** One to STEPS_MAX changes of `input`; `other` is where pieces of elsewhere come from. */
export const mutate = (
  input: string,
  other: string,
  tokens: readonly string[],
  random: SeededRandom,
): string => {
  let changed = input;
  for (let left = 1 + random.integer(STEPS_MAX); left > 0; left -= 1)
    changed = random.pick(STEPS)(changed, random, other, tokens).slice(0, INPUT_BYTES_MAX);
  // Upper-casing ß and ÿ leaves latin1.
  return changed.replace(/[^\0-\xff]/g, '?');
};

/** A piece of the input, repeated to this many characters at the place where it stood. */
export const grown = (input: string, at: number, length: number, size: number): string => {
  const text = input.slice(at, at + length);
  return text === ''
    ? input
    : splice(input, at, length, text.repeat(Math.max(1, Math.floor(size / text.length))));
};
