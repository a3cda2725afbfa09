// The log's `append` with a trace of each append that is about a call: how long it took until it was durable. Put between the log and who writes facts of
// calls, where calls are traced; anywhere else the log itself is used.
import type { Clock, Traces } from '#libs/runtime';
import { AppendRefused, AppendUnknown, type EventLog } from './event-log.port.js';

type Appends = Pick<EventLog, 'append'>;

/** What the stream's name begins with, where it names a call. */
const OF_CALLS = /^(call|charging)-/;

const outcomeOf = (error: unknown): string => {
  if (error instanceof AppendUnknown) return 'unknown';
  return error instanceof AppendRefused ? 'refused' : 'failed';
};

/** `icidOf`: whose call a stream is of. */
export const tracedAppends = (
  log: Appends,
  { traces, clock }: Readonly<{ traces?: Traces | undefined; clock: Clock }>,
  icidOf: (stream: string) => string,
): Appends => {
  if (traces === undefined) return log;
  return {
    async append(stream, events, options) {
      const [, family] = OF_CALLS.exec(stream) ?? [];
      const icid = family === undefined ? '' : icidOf(stream);
      if (family === undefined || !traces.isTraced(icid)) return log.append(stream, events, options);
      const [startMs, sinceMs] = [clock.nowMs(), clock.monotonicMs()];
      let outcome = 'durable';
      try {
        return await log.append(stream, events, options);
      } catch (error) {
        outcome = outcomeOf(error);
        throw error;
      } finally {
        const attributes = { 'log.events': events.map(({ type }) => type).join(' '), 'log.outcome': outcome };
        const tookMs = clock.monotonicMs() - sinceMs;
        const failed = outcome !== 'durable';
        traces.tell(icid, { part: 'log', name: `append ${family}`, place: 'below', startMs, tookMs, failed, attributes });
      }
    },
  };
}; // prettier-ignore
