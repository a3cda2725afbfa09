// The views of the all-in-one, brought up to the end of the log before anything is served, and kept there after
// (docs/architecture.md §3). Handlers apply their own events before they answer; this repairs what a crash left out.
import path from 'node:path';
import type { Recorded } from '#libs/decider';
import type { Registration, RegistrationEvent } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import {
  createRowSnapshots,
  createRowsSink,
  type Projection,
  type ProjectionSink,
  type Projector,
  startProjector,
} from '#libs/projector';
import { type Clock, LATENCY_BUCKETS_MS, type Logger, type Metrics } from '#libs/runtime';
import { createCheckpointedKeyValueStore } from '#libs/stores';
import { registrationCodec, RegistrationRows, registrationsByAor } from '#projections/registrations-by-aor';
import { SUBSCRIBER_PROFILES_VERSION, type SubscriberProfiles } from '#projections/subscriber-profiles';

export interface Views {
  readonly registrations: RegistrationRows;
  stop(): Promise<void>;
}

export type ViewOptions = Readonly<{
  dataDir: string;
  log: EventLog;
  profiles: SubscriberProfiles;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  /** A view that cannot go on: the process is no longer ready. */
  onFailure: (view: string, error: unknown) => void;
}>;

/** Follows the log; resolves when everything durable by now is in the view. */
const project = async (
  { log, clock, logger, metrics, onFailure }: ViewOptions,
  projection: Pick<Projection<never>, 'name' | 'version' | 'topics'>,
  sink: ProjectionSink,
): Promise<Projector> => {
  const { name } = projection;
  const metric = name.replaceAll('-', '_');
  const lag = metrics.histogram(
    `projection_${metric}_lag_ms`,
    `Age of events folded into ${name}, ms`,
    LATENCY_BUCKETS_MS,
  );
  const projector = await startProjector({
    log,
    clock,
    projection,
    sink,
    onProgress: ({ behindMs }) => lag.observe(behindMs),
    report: (message) => logger.warn({ view: name }, message),
    onFailure: (error) => onFailure(name, error),
  });
  metrics.gauge(
    `projection_${metric}_parked_streams`,
    `Streams parked by ${name}`,
    () => projector.parked().length,
  );
  await projector.caughtUp();
  return projector;
};

/** Rows in memory with snapshots in DATA_DIR: a start folds only the tail of the log. */
const openRegistrations = async (options: ViewOptions) => {
  const { dataDir, clock, logger } = options;
  const { name, version } = registrationsByAor;
  const file = path.join(dataDir, `${name}.v${version}.snapshot`);
  const store = createCheckpointedKeyValueStore<Registration>({ name, clock, codec: registrationCodec });
  const restored = await store.restore(file);
  if (restored.state === 'damaged')
    logger.warn({ view: name }, `${restored.reason}; folding the log from its start`);
  const rows = new RegistrationRows(store, clock);
  const sink = createRowsSink({
    projection: registrationsByAor as unknown as Projection<Registration>,
    rows: {
      apply: (key, events) => rows.apply(key, events as readonly Recorded<RegistrationEvent>[]),
    },
    clock,
    snapshots: createRowSnapshots(store, file, restored.state === 'restored' ? restored.position : undefined),
    onSnapshotFailure: (error) => logger.warn({ view: name, err: error }, 'snapshot failed'),
  });
  return { rows, sink, projector: await project(options, registrationsByAor, sink) };
};

const subscriberProfiles = {
  name: 'subscriber-profiles',
  version: SUBSCRIBER_PROFILES_VERSION,
  topics: ['provisioning'],
} as const;

/** Opens the views; resolves when they show all that the log holds. */
export const openViews = async (options: ViewOptions): Promise<Views> => {
  const [registrations, subscribers] = await Promise.all([
    openRegistrations(options),
    project(options, subscriberProfiles, options.profiles),
  ]);
  return {
    registrations: registrations.rows,
    async stop() {
      await Promise.all([registrations.projector.stop(), subscribers.stop()]);
      await registrations.sink.flush();
    },
  };
};
