// Draining waits for what runs, and no longer.
import type { Clock } from './clock.port.js';
import { systemClock } from './system-clock.js';
import { waitUntil } from './wait-until.js';

it('resolves at once when it is so, or at the look at which it has become so', async () => {
  const looks: (() => void)[] = [];
  const clock: Clock = { ...systemClock, after: (_ms, look) => (looks.push(look), () => undefined) };
  await waitUntil(clock, () => true);
  let pending = 1;
  let over = false;
  const waiting = waitUntil(clock, () => pending === 0).then(() => void (over = true));
  looks.shift()?.();
  await Promise.resolve();
  expect(over).toBe(false);
  pending = 0;
  looks.shift()?.();
  await waiting;
  expect(looks).toEqual([]);
});
