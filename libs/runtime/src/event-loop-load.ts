// How busy this process's one thread is: the figure that admission under overload goes by (libs/sip overload-control.ts).
// Time that a scheduler keeps from the process while it has work counts as busy: under a CPU quota that is what matters.
import { performance } from 'node:perf_hooks';

/** Share of the time since the last call in which there was work to do, 0 to 1. */
export type LoadGauge = () => number;

export const createEventLoopLoad = (): LoadGauge => {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
};
