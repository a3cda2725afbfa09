// The registration view of one process: rows in memory with snapshots in DATA_DIR, brought up to the end of the log before
// anything is served, and kept there after (docs/architecture.md §3). Handlers apply their own events before they answer;
// this repairs what a crash left out. Used by the start-up of the all-in-one and of Sprout alone.
import path from 'node:path';
import type { Recorded } from '#libs/decider';
import type { Registration, RegistrationEvent } from '#libs/domain';
import {
  createRowSnapshots,
  createRowsSink,
  type FollowOptions,
  followLog,
  type Projection,
  type Projector,
} from '#libs/projector';
import { createCheckpointedKeyValueStore } from '#libs/stores';
import { registrationsByAor } from './registrations-by-aor.js';
import { registrationCodec, RegistrationRows } from './registrations-by-aor.store.js';

export interface RegistrationView {
  readonly rows: RegistrationRows;
  readonly projector: Projector;
  stop(): Promise<void>;
}

/** Opens the view; resolves when it shows all that the log holds. A start folds only the tail behind the last snapshot. */
export const openRegistrationView = async (
  dataDir: string,
  options: FollowOptions,
): Promise<RegistrationView> => {
  const { clock, logger } = options;
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
      apply: (key, events) => rows.follow(key, events as readonly Recorded<RegistrationEvent>[]),
    },
    clock,
    snapshots: createRowSnapshots(store, file, restored.state === 'restored' ? restored.position : undefined),
    onSnapshotFailure: (error) => logger.warn({ view: name, err: error }, 'snapshot failed'),
  });
  const projector = await followLog(registrationsByAor, sink, options);
  return {
    rows,
    projector,
    async stop() {
      await projector.stop();
      await sink.flush();
    },
  };
};
