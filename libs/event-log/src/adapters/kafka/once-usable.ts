// A start that waits for brokers: they may be starting themselves, and have topics without leaders for a while. What waiting does not help, topics
// that are not as they must be, is told at once. Used by kafka.event-log.ts.
import type { Clock } from '#libs/runtime';
import { TopicsUnfit } from './kafka-faults.js';
import { textOf } from './kafka-connection.js';

/** Between two tries. */
const TRY_MS = 1_000;
/** The operator is told what is waited for this often. */
const TELL_MS = 5_000;

export type WaitOptions = Readonly<{
  clock: Clock;
  startTimeoutMs?: number;
  report?: (message: string) => void;
}>;

/** Tries until it comes off, or the time is over: then it rejects as the last try did. */
export const onceUsable = async <T>(
  { clock, startTimeoutMs = 0, report }: WaitOptions,
  open: () => Promise<T>,
): Promise<T> => {
  const startMs = clock.monotonicMs();
  let toldMs = -Infinity;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      const waitedMs = clock.monotonicMs() - startMs;
      if (error instanceof TopicsUnfit || waitedMs + TRY_MS > startTimeoutMs) throw error;
      if (waitedMs - toldMs >= TELL_MS) {
        toldMs = waitedMs;
        const leftS = Math.round((startTimeoutMs - waitedMs) / 1_000);
        report?.(`${textOf(error)}; trying again for ${leftS} s`);
      }
      await new Promise<void>((resolve) => clock.after(TRY_MS, resolve));
    }
  }
};
