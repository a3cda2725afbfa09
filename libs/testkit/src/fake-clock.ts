// Time that stands still until a test moves it: every timer that falls due runs, in order of its due time, at its due time.
// The simulated twin of libs/runtime's system clock.
import type { Clock } from '#libs/runtime';

/** A chain of timers that set each other off at once would never end: a defect, not a wait. */
const TIMERS_IN_ADVANCE_MAX = 1_000_000;

export interface FakeClock extends Clock {
  /** Moves time on by `ms`, running what falls due; a timer's callback sees its own due time as now. */
  advance(ms: number): void;
  /** As advance, letting promises settle between timers: for code that awaits. */
  advanceAsync(ms: number): Promise<void>;
  /** Time of the next timer, or undefined. */
  readonly nextDueMs: number | undefined;
  readonly pending: number;
}

type Timer = Readonly<{ atMs: number; order: number; run: () => void }>;

export const createFakeClock = (startMs = Date.UTC(2030, 0, 1)): FakeClock => {
  const timers = new Set<Timer>();
  let nowMs = startMs;
  let order = 0;

  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      const earlier =
        !first || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order);
      if (earlier) first = timer;
    }
    return first;
  };

  /** Runs the next timer due by `untilMs`; false when there is none. */
  const runNext = (untilMs: number): boolean => {
    const timer = next();
    if (!timer || timer.atMs > untilMs) return false;
    timers.delete(timer);
    nowMs = Math.max(nowMs, timer.atMs);
    timer.run();
    return true;
  };

  const bound = (count: number): void => {
    if (count > TIMERS_IN_ADVANCE_MAX) throw new Error('timers set each other off without end');
  };

  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    after(delayMs, run) {
      order += 1;
      const timer: Timer = { atMs: nowMs + Math.max(0, delayMs), order, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let count = 0; runNext(untilMs); count += 1) bound(count);
      nowMs = untilMs;
    },
    async advanceAsync(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let count = 0; runNext(untilMs); count += 1) {
        bound(count);
        await settle();
      }
      nowMs = untilMs;
    },
    get nextDueMs() {
      return next()?.atMs;
    },
    get pending() {
      return timers.size;
    },
  };
};

/** Lets all promises that can settle without I/O do so. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
