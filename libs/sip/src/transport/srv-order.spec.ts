import fc from 'fast-check';
import { createSeededRandom } from '#libs/testkit';
import type { SrvEntry } from './name-lookup.port.js';
import { orderSrv } from './srv-order.js';

const entry = (target: string, priority: number, weight: number): SrvEntry => ({
  type: 'SRV',
  priority,
  weight,
  port: 5060,
  target,
});

it('gives every entry once, the lower priority first, whatever is drawn', () => {
  const entries = fc.array(
    fc.record({
      type: fc.constant('SRV' as const),
      priority: fc.nat(3),
      weight: fc.nat(65_535),
      port: fc.constant(5060),
      target: fc.uuid(),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(entries, fc.integer(), (all, seed) => {
      const random = createSeededRandom(seed);
      const ordered = orderSrv(all, () => random.fraction());
      expect(ordered.map(({ target }) => target).sort()).toEqual(all.map(({ target }) => target).sort());
      for (let i = 1; i < ordered.length; i++)
        expect(ordered[i]!.priority).toBeGreaterThanOrEqual(ordered[i - 1]!.priority);
    }),
  );
});

it('draws the first in proportion to its weight (RFC 2782), and one of weight 0 hardly ever', () => {
  const random = createSeededRandom(7);
  const all = [
    entry('heavy', 1, 60),
    entry('light', 1, 20),
    entry('lighter', 1, 20),
    entry('last', 1, 0),
    entry('spare', 2, 100),
  ];
  const firsts = new Map<string, number>();
  const RUNS = 20_000;
  for (let i = 0; i < RUNS; i++) {
    const [first] = orderSrv(all, () => random.fraction());
    firsts.set(first!.target, (firsts.get(first!.target) ?? 0) + 1);
  }
  const share = (name: string): number => (firsts.get(name) ?? 0) / RUNS;
  expect(Math.abs(share('heavy') - 60 / 101)).toBeLessThan(0.02);
  expect(Math.abs(share('light') - 20 / 101)).toBeLessThan(0.02);
  expect(Math.abs(share('lighter') - 20 / 101)).toBeLessThan(0.02);
  expect(share('last')).toBeGreaterThan(0);
  expect(share('last')).toBeLessThan(0.02);
  expect(share('spare')).toBe(0);
});

it('draws anew among those that are left', () => {
  // 0.999…: always the last of what is left.
  expect(
    orderSrv([entry('a', 1, 1), entry('b', 1, 1), entry('c', 1, 1)], () => 0.999_999).map(
      ({ target }) => target,
    ),
  ).toEqual(['c', 'b', 'a']);
  expect(orderSrv([entry('a', 1, 1), entry('zero', 1, 0)], () => 0).map(({ target }) => target)).toEqual([
    'zero',
    'a',
  ]);
  expect(orderSrv([entry('a', 1, 0), entry('b', 1, 0)], () => 0.999_999)).toHaveLength(2);
});
