// When a server is taken for one that hangs, and when it is this process that was away.
import { OwnTime } from './own-time.js';

const TIMEOUT_MS = 150;

/** Looks at the steps until what was asked at the start is over; how long that took. */
const lookUntilOver = (time: OwnTime, stepMs = time.stepMs, startMs = 0): number => {
  const askedMs = time.nowMs;
  time.begin(startMs);
  for (let atMs = startMs + stepMs; ; atMs += stepMs) {
    time.look(atMs);
    if (time.isOver(askedMs)) return atMs - startMs;
  }
};

it('is over a step after the time-out, where nothing comes', () => {
  expect(lookUntilOver(new OwnTime(TIMEOUT_MS))).toBe(TIMEOUT_MS + TIMEOUT_MS / 5);
});

it('does not count what this process stood still', () => {
  const time = new OwnTime(TIMEOUT_MS);
  time.begin(0);
  time.look(5_000);
  expect(time.isOver(0)).toBe(false);
  // Every turn takes ten times as long as it should: several of them are needed.
  expect(lookUntilOver(new OwnTime(TIMEOUT_MS), 300)).toBeGreaterThanOrEqual(4 * 300);
});

it('waits longer for who has been slow of late, up to a bound, and forgets that', () => {
  const time = new OwnTime(TIMEOUT_MS);
  time.begin(0);
  for (let atMs = 30; atMs <= 120; atMs += 30) time.look(atMs);
  time.answered(0);
  expect(time.allowedMs).toBe(3 * 120);
  expect(lookUntilOver(time, 30, 120)).toBeGreaterThan(300);
  time.answered(0);
  time.answered(time.nowMs - 10_000);
  expect(time.allowedMs).toBe(4 * TIMEOUT_MS);
  for (let atMs = 1_000; atMs <= 200_000; atMs += 30) time.look(atMs);
  expect(time.allowedMs).toBe(TIMEOUT_MS);
});

it('is not moved by answers that come at once', () => {
  const time = new OwnTime(TIMEOUT_MS);
  time.begin(0);
  for (let atMs = 30; atMs <= 3_000; atMs += 30) {
    time.answered(time.nowMs);
    time.look(atMs);
  }
  expect(time.allowedMs).toBe(TIMEOUT_MS);
});
