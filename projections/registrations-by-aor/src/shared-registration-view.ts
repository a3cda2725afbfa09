// The registration view in memcached, which several processes share: brought up to the end of the log before anything is served,
// kept there after, and rebuilt from the log where memcached has lost rows (docs/architecture.md §3). While rows are lost their
// readers get StoreUnavailable. Used by open-registrations.ts.
import path from 'node:path';
import type { Checkpoint, Recorded } from '#libs/decider';
import type { Registration, RegistrationEvent } from '#libs/domain';
import {
  createRowsSink,
  type FollowOptions,
  followLog,
  type Projection,
  type RowSnapshots,
} from '#libs/projector';
import { type Clock, loadKeyFile, type Random, StartRefused } from '#libs/runtime';
import {
  createMemcachedKeyValueStore,
  createSentinels,
  healRows,
  jsonCodec,
  keyPrefixOf,
  type KeyValueStore,
  type MemcachedCluster,
  type Engines,
  type Sentinels,
  type StoresConfig,
  StoreUnavailable,
} from '#libs/stores';
import { foldAll, whatIsRegistered } from './fold-log.js';
import { registrationsByAor } from './registrations-by-aor.js';
import { registrationCodec, RegistrationRows } from './registrations-by-aor.store.js';
import type { RegistrationView } from './registration-view.js';

export type SharedView = Readonly<{
  cluster: MemcachedCluster;
  /** The same for all processes on one log. */
  generation: string;
  random: Random;
}>;

/** What the view needs of memcached, where the configuration says so. */
export const sharedViewOf = (
  { memcached: cluster }: Engines,
  { viewGeneration }: StoresConfig,
  dataDir: string,
  random: Random,
): SharedView | undefined => {
  if (cluster === undefined) return undefined;
  const own = (): string => loadKeyFile(path.join(dataDir, 'view-store.id'), 'view store id').toString('hex');
  return { cluster, random, generation: viewGeneration || own().slice(0, 16) };
};

/** How often it is looked for lost rows: so long a restarted memcached answers 500 before its rebuild begins. */
const LOOK_MS = 1_000;
/** Looks at a start, while another process rebuilds or memcached does not answer. */
const WHOLE_TRIES_MAX = 60;
const NEVER_ENDS_S = Infinity;

/** The place in the log up to which the rows in memcached are folded: kept beside them, and lost with them. */
const checkpointIn = (store: KeyValueStore<Checkpoint>): RowSnapshots => {
  const name = registrationsByAor.name;
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

/** Rebuilds what is lost; resolves when nothing is missing, by this process or by another. */
const heal = async (sentinels: Sentinels, rows: RegistrationRows, options: FollowOptions): Promise<void> => {
  const { log, logger, clock } = options;
  const startMs = clock.monotonicMs();
  let folds = 0;
  const healed = await healRows(sentinels, async (keep) => {
    folds += 1;
    if (folds === 1)
      logger.warn({ view: registrationsByAor.name }, 'memcached has lost rows; folding the log');
    await foldAll(log, rows, keep);
  });
  if (healed > 0)
    logger.info(
      { view: registrationsByAor.name, vbuckets: healed, ms: Math.round(clock.monotonicMs() - startMs) },
      'rows are rebuilt in memcached',
    );
};

/** Nothing is served while anything is missing. */
const untilWhole = async (sentinels: Sentinels, look: () => Promise<void>, clock: Clock): Promise<void> => {
  let reason = 'another process rebuilds its rows';
  for (let attempt = 1; attempt <= WHOLE_TRIES_MAX; attempt += 1) {
    try {
      await look();
      if ((await sentinels.missing()).length === 0) return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      reason = error.message;
    }
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
  throw new StartRefused(`the registrations in memcached are not whole: ${reason}`);
};

/** Looks for lost rows now and then, and rebuilds them. A server that is away is looked at again. */
const watch = (look: () => Promise<void>, { clock, logger }: FollowOptions): (() => Promise<void>) => {
  let isStopped = false;
  let cancel = (): void => undefined;
  let isAway = false;
  let looking = Promise.resolve();
  const turn = (): void => {
    looking = look()
      .then(
        () => (isAway = false),
        (error: unknown) => {
          if (!isAway)
            logger.warn({ view: registrationsByAor.name, err: error }, 'memcached cannot be looked at');
          isAway = true;
        },
      )
      .then(() => {
        if (!isStopped) cancel = clock.after(LOOK_MS, turn);
      });
  };
  cancel = clock.after(LOOK_MS, turn);
  return async () => {
    isStopped = true;
    cancel();
    await looking;
  };
};

/** Opens the view; resolves when it shows all that the log holds. */
export const openSharedRegistrationView = async (
  { cluster, generation: log, random }: SharedView,
  options: FollowOptions,
): Promise<RegistrationView> => {
  const { clock } = options;
  const { name, version } = registrationsByAor;
  const generation = `v${version}-${log}`;
  const common = { cluster, name, clock, codec: registrationCodec, generation };
  const unguarded = createMemcachedKeyValueStore<Registration>({ ...common, isRebuilding: true });
  const sentinels = createSentinels({
    cluster,
    prefix: keyPrefixOf(name, generation),
    generation,
    newToken: () => random.token(20),
  });
  const look = (): Promise<void> => heal(sentinels, new RegistrationRows(unguarded, clock), options);
  const known = await whatIsRegistered(options);
  await untilWhole(sentinels, look, clock);
  const rows = new RegistrationRows({ ...guardedStore(common), entries: () => known() }, clock);
  const sink = createRowsSink({
    projection: registrationsByAor as unknown as Projection<Registration>,
    rows: {
      apply: (key, events) => rows.follow(key, events as readonly Recorded<RegistrationEvent>[]),
    },
    clock,
    snapshots: checkpointIn(
      createMemcachedKeyValueStore<Checkpoint>({
        ...common,
        name: 'checkpoints',
        codec: jsonCodec(),
        isRebuilding: true,
      }),
    ),
    onSnapshotFailure: (error) => options.logger.warn({ view: name, err: error }, 'checkpoint failed'),
  });
  // The follower waits while rows are lost: who rebuilds them must be at work before it is waited for.
  const stopWatching = watch(look, options);
  const projector = await followLog(registrationsByAor, sink, options);
  return {
    rows,
    async stop() {
      await stopWatching();
      await projector.stop();
      await sink.flush();
    },
  };
};

const guardedStore = (
  options: Parameters<typeof createMemcachedKeyValueStore<Registration>>[0],
): KeyValueStore<Registration> => {
  const store = createMemcachedKeyValueStore<Registration>(options);
  return {
    get: (key) => store.get(key),
    getMany: (keys) => store.getMany(keys),
    cas: (key, value, version, ttlS) => store.cas(key, value, version, ttlS),
    remove: (key, version) => store.remove(key, version),
  };
};
