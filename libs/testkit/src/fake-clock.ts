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
  /** Moves time on to the next timer due by `untilMs` and runs it; false, and time stays, when there is none. */
  step(untilMs: number): boolean;
  /** Time of the next timer, or undefined. */
  readonly nextDueMs: number | undefined;
  readonly pending: number;
}

export const createFakeClock = (startMs = Date.UTC(2030, 0, 1)): FakeClock => {
  const timers = new TimerHeap();
  let nowMs = startMs;
  let order = 0;

  const step = (untilMs: number): boolean => {
    const timer = timers.first;
    if (!timer || timer.atMs > untilMs) return false;
    const run = timers.takeFirst();
    nowMs = Math.max(nowMs, timer.atMs);
    run();
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
      return () => timers.cancel(timer);
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let count = 0; step(untilMs); count += 1) bound(count);
      nowMs = untilMs;
    },
    async advanceAsync(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let count = 0; step(untilMs); count += 1) {
        bound(count);
        await settle();
      }
      nowMs = untilMs;
    },
    step,
    get nextDueMs() {
      return timers.first?.atMs;
    },
    get pending() {
      return timers.size;
    },
  };
};

/** `run`: undefined once it was cancelled or taken. */
type Timer = { readonly atMs: number; readonly order: number; run: (() => void) | undefined };

const isBefore = (a: Timer, b: Timer): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Timers by due time, then by creation: a binary heap, in which what was cancelled stays until it comes to the top. */
class TimerHeap {
  readonly #heap: Timer[] = [];
  size = 0;

  get first(): Timer | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.run === undefined) this.#removeTop();
    return this.#heap[0];
  }

  add(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
    this.size += 1;
  }

  cancel(timer: Timer): void {
    if (timer.run === undefined) return;
    timer.run = undefined;
    this.size -= 1;
  }

  /** The run of the first timer, which is then over. */
  takeFirst(): () => void {
    const timer = this.#heap[0]!;
    const run = timer.run!;
    timer.run = undefined;
    this.#removeTop();
    this.size -= 1;
    return run;
  }

  #removeTop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

/** Lets all promises that can settle without I/O do so. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
