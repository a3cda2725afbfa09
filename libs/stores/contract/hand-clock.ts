// A clock that moves only when a test moves it. Read by the contract suites and the adapters' specs.
import type { Clock } from '#libs/runtime';

export type HandClock = Clock & { advance(ms: number): void };

export const createHandClock = (startMs = 1_700_000_000_000): HandClock => {
  let elapsedMs = 0;
  const waiting = new Set<{ atMs: number; run: () => void }>();
  return {
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    after(delayMs, run) {
      const timer = { atMs: elapsedMs + delayMs, run };
      waiting.add(timer);
      return () => void waiting.delete(timer);
    },
    advance(ms) {
      elapsedMs += ms;
      for (const timer of [...waiting].sort((a, b) => a.atMs - b.atMs)) {
        if (timer.atMs <= elapsedMs && waiting.delete(timer)) timer.run();
      }
    },
  };
};
