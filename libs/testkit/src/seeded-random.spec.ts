// The seeded generator repeats itself, and its draws are spread evenly enough to test with.
import fc from 'fast-check';
import { createSeededRandom } from './seeded-random.js';

describe('seeded random', () => {
  it('gives the same draws for the same seed and others for another', () => {
    const draws = (seed: number) => {
      const random = createSeededRandom(seed);
      return [random.token(16), random.fraction(), random.bytes(8).toString('hex'), random.integer(1000)];
    };
    expect(draws(7)).toEqual(draws(7));
    expect(draws(7)).not.toEqual(draws(8));
  });

  it('spreads integers evenly', () => {
    const random = createSeededRandom(1);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i += 1) {
      const drawn = random.integer(10);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('shuffles without losing or changing anything', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const shuffled = createSeededRandom(seed).shuffle(items);
        expect([...shuffled].sort((x, y) => x - y)).toEqual([...items].sort((x, y) => x - y));
      }),
    );
  });

  it('forks into generators that differ', () => {
    const random = createSeededRandom(3);
    expect(random.fork('a').token(8)).not.toBe(random.fork('b').token(8));
  });
});
