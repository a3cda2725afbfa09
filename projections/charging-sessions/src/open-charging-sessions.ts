// The view as a process has it: restored from its snapshot, brought up to the end of the log or to its bound, kept there (docs/charging.md).
// Used by the start-up of Ralf.
import path from 'node:path';
import {
  createRowsSink,
  type FollowOptions,
  followLog,
  type Projection,
  type Projector,
} from '#libs/projector';
import { ChargingSessions, chargingSessions } from './charging-sessions.js';
import { openChargingSnapshots } from './charging-sessions.store.js';

export interface ChargingSessionsView {
  readonly sessions: ChargingSessions;
  readonly projector: Pick<Projector, 'caughtUp' | 'failure'>;
  stop(): Promise<void>;
}

export type OpenChargingSessionsOptions = Readonly<{ dataDir: string; waitingMax: number }>;

/** Opens the view; resolves when it shows all that the log holds, or as much as it may hold. */
export const openChargingSessions = async (
  { dataDir, waitingMax }: OpenChargingSessionsOptions,
  follow: FollowOptions,
): Promise<ChargingSessionsView> => {
  const { clock, logger } = follow;
  const { name, version } = chargingSessions;
  const sessions = new ChargingSessions({ waitingMax });
  const snapshots = await openChargingSnapshots({
    sessions,
    file: path.join(dataDir, `${name}.v${version}.snapshot`),
    clock,
    onDamaged: (reason) => logger.warn({ view: name }, `${reason}; folding the log from its start`),
  });
  const sink = createRowsSink({
    projection: { name, keyOf: ({ stream }) => stream } satisfies Pick<Projection<never>, 'name' | 'keyOf'>,
    rows: sessions,
    clock,
    snapshots,
    onSnapshotFailure: (error) => logger.warn({ view: name, err: error }, 'snapshot failed'),
  });
  const projector = await followLog(chargingSessions, sink, { ...follow, enough: sessions.full });
  return {
    sessions,
    projector,
    async stop() {
      sessions.letGo();
      await projector.stop();
      await sink.flush();
    },
  };
};
