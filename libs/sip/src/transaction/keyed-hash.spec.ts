// HalfSipHash-2-4 against the vectors of its authors' reference (key 00 01 … 07, message 00 01 02 …), and what it is for.
import { keyedHash } from './keyed-hash.js';

const KEY = { low: 0x03020100, high: 0x07060504 };
const hashOf = (text: string): number => keyedHash(KEY, text) >>> 0;
const bytes = (length: number): string =>
  String.fromCharCode(...Array.from({ length }, (_none, index) => index));

describe('the keyed hash', () => {
  it.each([
    [0, 0x5b9f35a9],
    [1, 0xb85a4727],
    [2, 0x03a662fa],
    [3, 0x04e7fe8a],
    [4, 0x89466e2a],
    [5, 0x69b6fac5],
    [6, 0x23fc6358],
    [7, 0xc563cf8b],
  ])('gives the reference value for %d bytes', (length, value) => {
    expect(hashOf(bytes(length))).toBe(value);
  });

  it('depends on all of the key: texts that collide under one do not under another', () => {
    const texts = Array.from({ length: 3_000 }, (_none, index) => `z9hG4bK${index.toString(36)}`);
    const under = (low: number) => {
      const seen = new Map<number, string>();
      const pairs: [string, string][] = [];
      for (const text of texts) {
        const bucket = keyedHash({ low, high: 7 }, text) & 1_023;
        const other = seen.get(bucket);
        if (other === undefined) seen.set(bucket, text);
        else pairs.push([other, text]);
      }
      return pairs;
    };
    const other = new Set(under(0x01000001).map((pair) => pair.join()));
    const shared = under(0x00000001).filter((pair) => other.has(pair.join()));
    expect(shared.length).toBeLessThan(20);
  });
});
