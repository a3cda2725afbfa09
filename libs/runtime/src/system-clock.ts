// The machine's own time: the one place besides libs/testkit where Date.now and setTimeout are called.
// Written to nothing; read by main.ts of every app, which hands it down as a Clock.
import type { Clock } from './clock.port.js';

/** The longest delay a Node timer takes; a longer one would fire at once. */
const DELAY_MS_MAX = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), DELAY_MS_MAX));
    return () => clearTimeout(timer);
  },
};
