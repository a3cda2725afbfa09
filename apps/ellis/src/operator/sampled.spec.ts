import { createFakeClock } from '#libs/testkit';
import { sampled } from './sampled.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('is taken once at a time, waited for at first only, and again when it is old', async () => {
  const clock = createFakeClock(0);
  let count = 0;
  const ask = sampled(() => Promise.resolve(++count), { everyMs: 1_000, clock, onFault: () => undefined });
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  expect(await ask()).toBe(1);
  clock.advance(1_000);
  expect([await ask(), count]).toEqual([1, 2]);
  await turn();
  expect([await ask(), count]).toEqual([2, 2]);
});

it('is null when it cannot be had, and says why', async () => {
  const clock = createFakeClock(0);
  const faults: unknown[] = [];
  const fault = new Error('away');
  const ask = sampled(() => Promise.reject(fault), { everyMs: 1_000, clock, onFault: (error) => faults.push(error) }); // prettier-ignore
  expect([await ask(), await ask(), faults]).toEqual([null, null, [fault]]);
});
