// One keyspace of the registration view in memcached: its rows, the sentinels that vouch for them, the place in the log up to which they are
// folded, and how all that the log holds is brought into it (docs/architecture.md §3). Used by shared-view.ts.
import type { Checkpoint } from '#libs/decider';
import type { Registration } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import type { RowSnapshots } from '#libs/projector';
import { type Clock, type Logger, type Random, StartRefused } from '#libs/runtime';
import {
  createMemcachedKeyValueStore,
  createSentinels,
  healRows,
  jsonCodec,
  keyPrefixOf,
  type KeyValueStore,
  type MemcachedCluster,
  type Sentinels,
} from '#libs/stores';
import { foldAll } from './fold-log.js';
import { registrationsByAor } from './registrations-by-aor.js';
import { registrationCodec, RegistrationRows } from './registrations-by-aor.store.js';

export type SharedRows = Readonly<{
  keyspace: string;
  /** A miss is absence. Rejects with StoreUnavailable where rows are lost. */
  guarded: KeyValueStore<Registration>;
  /** For the one who fills it. */
  unguarded: KeyValueStore<Registration>;
  sentinels: Sentinels;
  checkpoints: RowSnapshots;
}>;

export type SharedRowsOptions = Readonly<{ cluster: MemcachedCluster; clock: Clock; random: Random }>;

const NEVER_ENDS_S = Infinity;

export const openSharedRows = (
  keyspace: string,
  { cluster, clock, random }: SharedRowsOptions,
): SharedRows => {
  const { name } = registrationsByAor;
  const common = { cluster, name, clock, codec: registrationCodec, generation: keyspace };
  const checkpoints = createMemcachedKeyValueStore<Checkpoint>({
    cluster,
    clock,
    name: 'checkpoints',
    generation: keyspace,
    codec: jsonCodec(),
    isRebuilding: true,
  });
  return {
    keyspace,
    guarded: createMemcachedKeyValueStore<Registration>(common),
    unguarded: createMemcachedKeyValueStore<Registration>({ ...common, isRebuilding: true }),
    sentinels: createSentinels({
      cluster,
      prefix: keyPrefixOf(name, keyspace),
      generation: keyspace,
      newToken: () => random.token(20),
    }),
    checkpoints: checkpointIn(checkpoints),
  };
};

/** The place in the log up to which the rows in memcached are folded: kept beside them, and lost with them. */
const checkpointIn = (store: KeyValueStore<Checkpoint>): RowSnapshots => {
  const { name } = registrationsByAor;
  return {
    checkpoint: async () => (await store.get(name))?.value,
    async save(position) {
      await store.cas(name, position, (await store.get(name))?.version, NEVER_ENDS_S);
    },
    async clear() {
      if ((await store.get(name)) === undefined) return;
      throw new StartRefused(
        'memcached holds registrations of another log: give VIEW_GENERATION another value, or remove DATA_DIR/view-store.id',
      );
    },
  };
};

/** Rebuilds what is lost; resolves with how many vbuckets it rebuilt: what another process rebuilds is not among them. */
export const heal = async (
  { sentinels, unguarded, keyspace }: SharedRows,
  { log, clock, logger }: Readonly<{ log: EventLog; clock: Clock; logger: Logger }>,
  onProgress?: (events: number) => void,
): Promise<number> => {
  const startMs = clock.monotonicMs();
  const told = { view: registrationsByAor.name, keyspace };
  let folds = 0;
  const rows = new RegistrationRows(unguarded, clock);
  const healed = await healRows(sentinels, async (keep) => {
    folds += 1;
    if (folds === 1) logger.warn(told, 'rows are not in memcached; folding the log');
    await foldAll(log, rows, { keep, ...(onProgress === undefined ? {} : { onProgress }) });
  });
  if (healed > 0)
    logger.info(
      { ...told, vbuckets: healed, ms: Math.round(clock.monotonicMs() - startMs) },
      'rows are rebuilt in memcached',
    );
  return healed;
};
