// Draining waits for what runs, and a moment for what comes after its end, no longer.
import type { Clock } from './clock.port.js';
import { waitUntil } from './wait-until.js';

const steppedClock = () => {
  const looks: (() => void)[] = [];
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (_ms, look) => (looks.push(look), () => undefined),
  };
  const step = async (ms: number) => {
    nowMs += ms;
    looks.shift()?.();
    await Promise.resolve();
  };
  return { clock, looks, step };
};

it('waits a moment also when it is so at first: the last end may be just over', async () => {
  const { clock, looks, step } = steppedClock();
  let over = false;
  const waiting = waitUntil(clock, () => true).then(() => void (over = true));
  await step(900);
  expect(over).toBe(false);
  await step(100);
  await waiting;
  expect(looks).toEqual([]);
});

it('resolves when it has been so for a moment, counted anew when it is not', async () => {
  const { clock, looks, step } = steppedClock();
  let pending = 1;
  let over = false;
  const waiting = waitUntil(clock, () => pending === 0).then(() => void (over = true));
  await step(20);
  pending = 0;
  await step(20);
  await step(900);
  pending = 1;
  await step(20);
  pending = 0;
  await step(20);
  await step(500);
  await step(480);
  expect(over).toBe(false);
  await step(20);
  await waiting;
  expect(looks).toEqual([]);
});
