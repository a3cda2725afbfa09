// A projection as an app runs it: with its metrics and its reports, caught up before anything is served.
// Used by the apps' start-up; the loop is projector.ts.
import type { EventLog } from '#libs/event-log';
import { type Clock, LATENCY_BUCKETS_MS, type Logger, type Metrics } from '#libs/runtime';
import type { Projection } from './projection.js';
import type { ProjectionLedger } from './projection-ledger.js';
import type { ProjectionSink } from './projection-sink.port.js';
import { type Projector, startProjector } from './projector.js';

export type FollowOptions = Readonly<{
  log: EventLog;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  /** Where versions and parked events outlive the process. */
  ledger?: (projection: string) => ProjectionLedger;
  /** A view that cannot go on: the process is no longer ready. */
  onFailure: (view: string, error: unknown) => void;
  /** Resolves when the view holds as much as it may, where there is such a bound: then it need not be caught up. */
  enough?: Promise<void>;
}>;

/** Follows the log; resolves when everything durable by now is in the view, or enough of it. */
export const followLog = async (
  projection: Pick<Projection<never>, 'name' | 'version' | 'topics'>,
  sink: ProjectionSink,
  { log, clock, logger, metrics, ledger, onFailure, enough }: FollowOptions,
): Promise<Projector> => {
  const { name } = projection;
  const metric = `projection_${name.replaceAll('-', '_')}`;
  const lag = metrics.histogram(
    `${metric}_lag_ms`,
    `Age of events folded into ${name}, ms`,
    LATENCY_BUCKETS_MS,
  );
  const projector = await startProjector({
    log,
    clock,
    projection,
    sink,
    ...(ledger === undefined ? {} : { ledger: ledger(name) }),
    onProgress: ({ behindMs }) => lag.observe(behindMs),
    report: (message) => logger.warn({ view: name }, message),
    onFailure: (error) => onFailure(name, error),
  });
  metrics.gauge(`${metric}_parked_streams`, `Streams parked by ${name}`, () => projector.parked().length);
  await (enough === undefined ? projector.caughtUp() : Promise.race([projector.caughtUp(), enough]));
  return projector;
};
