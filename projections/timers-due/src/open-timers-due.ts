// The view as a process has it: restored from its snapshot, brought up to the end of the log, kept there (docs/architecture.md §3).
// Used by the start-up of the all-in-one and of Chronos alone.
import path from 'node:path';
import {
  createRowsSink,
  type FollowOptions,
  followLog,
  type Projection,
  type Projector,
} from '#libs/projector';
import { TimersDue, timersDue } from './timers-due.js';
import { openTimerSnapshots } from './timers-due.store.js';

/** A million rows take seconds to write, in small pieces: not every minute. */
const SNAPSHOT_INTERVAL_MS = 300_000;
const SNAPSHOT_EVENTS = 500_000;

export interface TimersDueView {
  readonly due: TimersDue;
  readonly projector: Pick<Projector, 'caughtUp' | 'failure'>;
  stop(): Promise<void>;
}

export type OpenTimersDueOptions = Readonly<{
  dataDir: string;
  /** What counts as now for what is due. */
  nowMs: () => number;
  /** Expiries of bindings too. */
  withBindings: boolean;
}>;

/** Opens the view; resolves when it shows all that the log holds. */
export const openTimersDue = async (
  { dataDir, nowMs, withBindings }: OpenTimersDueOptions,
  follow: FollowOptions,
): Promise<TimersDueView> => {
  const { clock, logger } = follow;
  const { name, version } = timersDue;
  const due = new TimersDue(nowMs, withBindings);
  // With bindings or without it is another view.
  const file = path.join(dataDir, `${name}.v${version}${withBindings ? '.bindings' : ''}.snapshot`);
  const snapshots = await openTimerSnapshots({
    due,
    file,
    clock,
    onDamaged: (reason) => logger.warn({ view: name }, `${reason}; folding the log from its start`),
  });
  const sink = createRowsSink({
    projection: { name, keyOf: ({ stream }) => stream } satisfies Pick<Projection<never>, 'name' | 'keyOf'>,
    rows: {
      apply: (stream, events) => {
        due.apply(stream, events);
        return DONE;
      },
    },
    clock,
    snapshots,
    snapshotIntervalMs: SNAPSHOT_INTERVAL_MS,
    snapshotEvents: SNAPSHOT_EVENTS,
    onSnapshotFailure: (error) => logger.warn({ view: name, err: error }, 'snapshot failed'),
  });
  const topics = withBindings ? timersDue.topics : (['timers'] as const);
  const projector = await followLog({ name, version, topics }, sink, follow);
  return {
    due,
    projector,
    async stop() {
      await projector.stop();
      await sink.flush();
    },
  };
};

const DONE = Promise.resolve();
