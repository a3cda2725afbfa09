// Wall-clock time that a step of the machine's clock does not move: it goes on by the monotonic clock, and follows the wall clock slowly.
// What is due is told in wall-clock time, which all nodes share; what waits for it must not jump. Used by Chronos for all that is due.
import type { Clock } from '#libs/runtime';

/** Time followed per time passed: more than any oscillator drifts (a millisecond a second), and nothing of a step that anybody sees. */
const SLEW = 0.001;

export interface SteadyTime {
  nowMs(): number;
  /** How far the machine's clock is ahead: for a metric. A restart takes it over. */
  offMs(): number;
}

export const createSteadyTime = (clock: Pick<Clock, 'nowMs' | 'monotonicMs'>): SteadyTime => {
  let lastMs = clock.monotonicMs();
  let baseMs = clock.nowMs() - lastMs;
  const follow = (): number => {
    const monotonicMs = clock.monotonicMs();
    const offMs = clock.nowMs() - monotonicMs - baseMs;
    const most = Math.max(0, monotonicMs - lastMs) * SLEW;
    baseMs += Math.max(-most, Math.min(most, offMs));
    lastMs = monotonicMs;
    return monotonicMs;
  };
  return {
    nowMs: () => follow() + baseMs,
    offMs: () => clock.nowMs() - (follow() + baseMs),
  };
};
