// Sequence numbers by TS 33.102 Annex C: what a phone takes, what the network counts on from.
import { nextSqn, resumedSqn, SEQ_AHEAD_MAX, SeenNumbers, sqnBytes, sqnOf } from './sequence-number.js';

const sqn = (seq: number, ind: number): number => seq * 32 + ind;

describe('the network', () => {
  it('counts both parts, and wraps each', () => {
    expect(nextSqn(sqn(0, 0))).toBe(sqn(1, 1));
    expect(nextSqn(sqn(7, 31))).toBe(sqn(8, 0));
    expect(nextSqn(2 ** 48 - 1)).toBe(0);
    expect(sqnOf(sqnBytes(2 ** 48 - 1))).toBe(2 ** 48 - 1);
  });

  it('goes on from a phone that is ahead, and from one that it is too far ahead of', () => {
    expect(resumedSqn(sqn(5, 0), sqn(9, 3))).toBe(sqn(9, 3));
    expect(resumedSqn(sqn(5, 0), sqn(5, 0))).toBe(sqn(5, 0));
    expect(resumedSqn(sqn(SEQ_AHEAD_MAX + 9, 0), sqn(9, 0))).toBe(sqn(9, 0));
  });

  it('is not set back by what a phone said long ago', () => {
    expect(resumedSqn(sqn(50, 0), sqn(9, 3))).toBe(sqn(50, 0));
  });
});

describe('the phone', () => {
  it('takes each number once, and those of other indices in any order', () => {
    const seen = new SeenNumbers();
    expect([sqn(2, 2), sqn(1, 1), sqn(3, 3), sqn(1, 1), sqn(2, 2)].map((one) => seen.take(one))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(seen.highest).toBe(sqn(3, 3));
  });

  it('takes none that is too far ahead', () => {
    expect(new SeenNumbers().take(sqn(SEQ_AHEAD_MAX + 1, 0))).toBe(false);
    expect(new SeenNumbers().take(sqn(SEQ_AHEAD_MAX, 0))).toBe(true);
  });

  it('takes what the network sends after it has said how far it is', () => {
    const seen = new SeenNumbers(sqn(1_000, 7));
    const ours = nextSqn(resumedSqn(sqn(3, 3), seen.highest));
    expect(seen.take(sqn(3, 3))).toBe(false);
    expect(seen.take(ours)).toBe(true);
  });
});
