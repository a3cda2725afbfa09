// Throttles: so many at once, then one in each time; each key for itself; bounded.
import { createHandClock } from './hand-clock.fixture.js';
import { Throttle, THROTTLE_KEYS_MAX } from './throttle.js';

it('lets a burst pass, then one in each time, and says how long to wait', () => {
  const clock = createHandClock();
  const throttle = new Throttle({ burst: 3, everyMs: 10_000 }, clock);
  expect([1, 2, 3, 4].map(() => throttle.take('a'))).toEqual([0, 0, 0, 10]);
  clock.advance(4_000);
  expect(throttle.take('a')).toBe(6);
  clock.advance(6_000);
  expect([throttle.take('a'), throttle.take('a')]).toEqual([0, 10]);
  clock.advance(1_000_000);
  expect([1, 2, 3, 4].map(() => throttle.take('a'))).toEqual([0, 0, 0, 10]);
});

it('counts each key for itself, and gives back what did not count', () => {
  const throttle = new Throttle({ burst: 1, everyMs: 1_000 }, createHandClock());
  expect([throttle.take('a'), throttle.take('b'), throttle.take('a')]).toEqual([0, 0, 1]);
  throttle.giveBack('a');
  throttle.giveBack('a');
  expect([throttle.take('a'), throttle.take('a')]).toEqual([0, 1]);
});

it('forgets the key that was asked longest ago when there are too many', () => {
  const throttle = new Throttle({ burst: 1, everyMs: 1_000_000 }, createHandClock());
  throttle.take('first');
  throttle.take('second');
  expect(throttle.take('first')).toBeGreaterThan(0);
  for (let n = 0; n < THROTTLE_KEYS_MAX - 1; n++) throttle.take(`k${n}`);
  expect(throttle.take('first')).toBeGreaterThan(0);
  expect(throttle.take('second')).toBe(0);
});
