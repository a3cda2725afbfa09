// Nobody who is silent holds up anybody else for long.
import { createFakeClock } from '#libs/testkit';
import {
  DESTINATION_PLACES_MAX,
  DESTINATION_WAITING_MAX,
  DestinationQueues,
  PLACE_HELD_MS_MAX,
} from './destination-queues.js';

it('lets so many in at a time to each destination, the rest in its order, and takes places back', () => {
  const clock = createFakeClock();
  const queues = new DestinationQueues(clock);
  const began: number[] = [];
  const leaves: (() => void)[] = [];
  for (let n = 0; n < DESTINATION_PLACES_MAX + 3; n++)
    queues.enter('a', (leave) => {
      began.push(n);
      leaves.push(leave);
    });
  expect(began).toHaveLength(DESTINATION_PLACES_MAX);
  leaves[7]!();
  leaves[7]!();
  expect(began.slice(DESTINATION_PLACES_MAX)).toEqual([DESTINATION_PLACES_MAX]);
  queues.enter('b', () => began.push(-1));
  expect(began.at(-1)).toBe(-1);
  clock.advance(PLACE_HELD_MS_MAX);
  expect(began).toHaveLength(DESTINATION_PLACES_MAX + 4);
});

it('refuses beyond its bound', () => {
  const queues = new DestinationQueues(createFakeClock());
  for (let n = 0; n < DESTINATION_PLACES_MAX + DESTINATION_WAITING_MAX; n++)
    queues.enter('a', () => undefined);
  expect(queues.enter('a', () => undefined)).toBe(false);
  expect(queues.enter('b', () => undefined)).toBe(true);
});

it('goes through thousands that are over as soon as they begin, in their order', () => {
  const queues = new DestinationQueues(createFakeClock());
  const leaves: (() => void)[] = [];
  for (let n = 0; n < DESTINATION_PLACES_MAX; n++) queues.enter('a', (leave) => leaves.push(leave));
  const began: number[] = [];
  for (let n = 0; n < 30_000; n++)
    queues.enter('a', (leave) => {
      began.push(n);
      leave();
    });
  leaves[0]!();
  expect(began).toHaveLength(30_000);
  expect(began.every((n, at) => n === at)).toBe(true);
});
