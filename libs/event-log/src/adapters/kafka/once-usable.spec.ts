// How long a start waits for brokers, and what it says meanwhile.
import { createFakeClock } from '#libs/testkit';
import { BrokersUnreachable, TopicsUnfit } from './kafka-faults.js';
import { onceUsable } from './once-usable.js';

const world = (
  startTimeoutMs: number,
  usableAfter: number,
  fault: Error = new BrokersUnreachable('nobody answers'),
) => {
  const clock = createFakeClock();
  const told: string[] = [];
  let tries = 0;
  const opened = onceUsable({ clock, startTimeoutMs, report: (message) => void told.push(message) }, () => {
    tries += 1;
    return tries > usableAfter ? Promise.resolve('log') : Promise.reject(fault);
  });
  const outcome = opened.catch((error: unknown) => error);
  return { clock, told, outcome, tries: () => tries };
};

it('tries until the brokers can be used, and tells every five seconds what it waits for', async () => {
  const { clock, told, outcome, tries } = world(30_000, 12);
  await clock.advanceAsync(12_000);
  expect(await outcome).toBe('log');
  expect(tries()).toBe(13);
  expect(told).toEqual([30, 25, 20].map((left) => `nobody answers; trying again for ${left} s`));
});

it('gives up when the time is over', async () => {
  const { clock, outcome, tries } = world(5_000, 100);
  await clock.advanceAsync(60_000);
  expect(await outcome).toBeInstanceOf(BrokersUnreachable);
  expect(tries()).toBe(6);
});

it('tries once where nobody waits', async () => {
  const { outcome, told, tries } = world(0, 100);
  expect(await outcome).toBeInstanceOf(BrokersUnreachable);
  expect([tries(), told]).toEqual([1, []]);
});

it('does not wait for topics that are not as they must be', async () => {
  const { outcome, tries } = world(30_000, 100, new TopicsUnfit('3 partitions, not 4'));
  expect(await outcome).toBeInstanceOf(TopicsUnfit);
  expect(tries()).toBe(1);
});
