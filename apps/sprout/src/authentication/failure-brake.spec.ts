// Guessing is slowed down; a user is not, whatever others do in its name. Each attack on the brake itself is a test.
import { createFakeClock, type FakeClock } from '#libs/testkit';
import {
  DELAY_MAX_MS,
  FailureBrake,
  FREE_TRIES,
  HELD_MAX,
  REMEMBERED_MS,
  SOURCES_MAX,
  WAITING_MAX,
} from './failure-brake.js';

const HOME = { impi: 'alice@ims.test', address: '192.0.2.1' };
const ELSEWHERE = { impi: 'alice@ims.test', address: '203.0.113.9' };

let clock: FakeClock;
let brake: FailureBrake;
beforeEach(() => {
  clock = createFakeClock();
  brake = new FailureBrake(clock);
});

const fail = (source: typeof HOME, times: number): void => {
  for (let time = 0; time < times; time++) brake.failed(source, DELAY_MAX_MS, () => undefined);
};

/** After how long the refusal of one more failure is sent. */
const refusedAfterMs = (source: typeof HOME): number => {
  const fromMs = clock.nowMs();
  let atMs = -1;
  brake.failed(source, 0, () => (atMs = clock.nowMs()));
  clock.advance(DELAY_MAX_MS);
  return atMs - fromMs;
};

it('lets a mistyped password cost nothing, then ever more, and never more than a client waits (RFC 4320)', () => {
  const waits: number[] = [];
  for (let time = 0; time < 12; time++) {
    waits.push(brake.waitMs(HOME));
    fail(HOME, 1);
  }
  expect(waits).toEqual([0, 0, 0, 250, 500, 1000, 2000, 4000, 4000, 4000, 4000, 4000]);
});

it('lets nobody slow a user down by failing in its name from elsewhere', () => {
  fail(ELSEWHERE, 1_000);
  expect(brake.waitMs(ELSEWHERE)).toBe(DELAY_MAX_MS);
  expect(brake.waitMs(HOME)).toBe(0);
});

it('answers wrong tries later when one user is guessed at from everywhere', () => {
  for (let n = 0; n < FREE_TRIES.user + 2; n++) fail({ ...HOME, address: `198.51.100.${n}` }, 1);
  expect(refusedAfterMs(ELSEWHERE)).toBe(2_000);
  expect(refusedAfterMs({ impi: 'bob@ims.test', address: '203.0.113.9' })).toBe(0);
});

it('lets neighbours behind one NAT wait for none of them', () => {
  for (let n = 0; n < 100; n++) fail({ ...HOME, impi: `phone${n}@ims.test` }, 3);
  expect(brake.waitMs({ ...HOME, impi: 'neighbour@ims.test' })).toBe(0);
});

it('slows one address down that tries a password on everybody', () => {
  for (let n = 0; n < 100; n++) fail({ ...HOME, impi: `victim${n}@ims.test` }, 1);
  expect(brake.waitMs({ ...HOME, impi: 'victim1@ims.test' })).toBe(DELAY_MAX_MS);
  expect(refusedAfterMs({ ...HOME, impi: 'next@ims.test' })).toBe(DELAY_MAX_MS);
});

it('forgives who gets it right, and nobody else', () => {
  fail(HOME, 8);
  fail(ELSEWHERE, 8);
  brake.succeeded(HOME);
  expect(brake.waitMs(HOME)).toBe(0);
  expect(brake.waitMs(ELSEWHERE)).toBe(DELAY_MAX_MS);
});

it('counts what was waited before the verdict: never more than the longest wait in all', () => {
  fail(HOME, 100);
  let refused = false;
  expect(brake.failed(HOME, DELAY_MAX_MS, () => (refused = true))).toBe(false);
  expect(refused).toBe(true);
});

it('forgets failures within two generations', () => {
  fail(HOME, 8);
  clock.advance(REMEMBERED_MS);
  expect(brake.waitMs(HOME)).toBe(DELAY_MAX_MS);
  clock.advance(REMEMBERED_MS);
  expect(brake.waitMs(HOME)).toBe(0);
  fail(HOME, 8);
  clock.advance(3 * REMEMBERED_MS);
  expect(brake.waitMs(HOME)).toBe(0);
});

it('remembers a bounded number of sources, and counts anew who goes on failing after a flood of them', () => {
  fail(HOME, 8);
  for (let n = 0; n < 3 * SOURCES_MAX; n++) fail({ impi: `u${n}`, address: `a${n}` }, 1);
  expect(brake.sizes.sources).toBeLessThanOrEqual(3 * 2 * SOURCES_MAX);
  expect(brake.waitMs(HOME)).toBe(0);
  fail(HOME, 8);
  expect(brake.waitMs(HOME)).toBe(DELAY_MAX_MS);
});

it('lets few guesses of one source wait at once, and others besides', async () => {
  fail(HOME, 8);
  const waits = Array.from({ length: WAITING_MAX }, () => brake.wait(HOME, 4_000));
  expect(brake.wait(HOME, 4_000)).toBeUndefined();
  const other = brake.wait(ELSEWHERE, 4_000);
  expect(other).toBeDefined();
  await clock.advanceAsync(4_000);
  await Promise.all([...waits, other]);
  expect(brake.wait(HOME, 4_000)).toBeDefined();
});

it('holds a bounded number, and answers at once beyond', () => {
  fail(HOME, 100);
  const refused: number[] = [];
  for (let n = 0; n < HELD_MAX + 5; n++) brake.failed(HOME, 0, () => refused.push(n));
  expect(brake.sizes.held).toBe(HELD_MAX);
  expect(refused).toHaveLength(5);
  expect(brake.wait(ELSEWHERE, 1)).toBeUndefined();
  clock.advance(DELAY_MAX_MS);
  expect(refused).toHaveLength(HELD_MAX + 5);
  expect(brake.sizes.held).toBe(0);
});
