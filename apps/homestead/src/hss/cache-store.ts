// Where the cache of HSS mode is: in memcached, shared by the Homesteads of a deployment, or in memory with a snapshot now and then, so
// that a restart knows who is registered while no HSS can be asked. What is lost of it is asked of the HSS again; what was taken out of
// it stays out, also after a crash (removed-rows.ts). Used by start-hss-mode.ts.
import type { Clock, Logger } from '#libs/runtime';
import {
  type CheckpointedKeyValueStore,
  createCheckpointedKeyValueStore,
  createMemcachedKeyValueStore,
  type Engines,
  jsonCodec,
  type KeyValueStore,
  machineDisk,
} from '#libs/stores';
import type { CachedRow } from './cached-sets.js';
import { RemovedRows } from './removed-rows.js';

export const SNAPSHOT_MS = 300_000;
const NAME = 'hss-sets';
/** Nothing is folded from the log into it. */
const NOWHERE = { generation: 0, partition: 0, offset: 0 } as const;

export type CacheStoreOptions = Readonly<{
  engines: Engines;
  clock: Clock;
  logger: Logger;
  snapshotFile?: string;
}>;

export type CacheStore = Readonly<{ store: KeyValueStore<CachedRow>; close(): Promise<void> }>;

export const openCacheStore = async (options: CacheStoreOptions): Promise<CacheStore> => {
  const { engines, clock, logger, snapshotFile } = options;
  const common = { name: NAME, clock, codec: jsonCodec<CachedRow>() };
  if (engines.memcached !== undefined) {
    const store = createMemcachedKeyValueStore<CachedRow>({ ...common, cluster: engines.memcached });
    return { store, close: () => Promise.resolve() };
  }
  const store = createCheckpointedKeyValueStore<CachedRow>(common);
  if (snapshotFile === undefined) return { store, close: () => Promise.resolve() };
  const restored = await store.restore(snapshotFile);
  if (restored.state === 'damaged') logger.warn({ view: NAME }, `${restored.reason}; the HSS is asked again`);
  const { removed, keys } = await RemovedRows.open(machineDisk, `${snapshotFile}.removed`);
  for (const key of keys) await store.remove(key, (await store.get(key))?.version);
  return keptOnDisk(store, removed, { clock, logger, snapshotFile });
};

/** A snapshot every five minutes and at the end, and what is removed in between. */
const keptOnDisk = (
  store: CheckpointedKeyValueStore<CachedRow>,
  removed: RemovedRows,
  { clock, logger, snapshotFile }: Pick<CacheStoreOptions, 'clock' | 'logger'> & { snapshotFile: string },
): CacheStore => {
  const failed = (what: string) => (error: unknown) => logger.warn({ view: NAME, err: error }, what);
  let writing = Promise.resolve();
  let cancel = (): void => undefined;
  let isDue = false;
  let isClosed = false;
  const take = async (): Promise<void> => {
    const ended = removed.begin();
    const taken = await store.snapshot(snapshotFile, NOWHERE).catch(failed('snapshot failed'));
    await ended(taken !== undefined).catch(failed('what was removed since the snapshot is not kept'));
  };
  const snapshot = (): Promise<void> => (writing = writing.then(take));
  const next = (): void => {
    cancel = clock.after(SNAPSHOT_MS, due);
  };
  const due = (): void => {
    if (isDue) return;
    isDue = true;
    cancel();
    void snapshot().then(() => {
      isDue = false;
      if (!isClosed) next();
    });
  };
  next();
  return {
    store: {
      ...store,
      async remove(key, version) {
        const done = await store.remove(key, version);
        if (!done) return false;
        await removed.add(key).catch(failed('a removal is not kept over a crash'));
        if (removed.isFull) due();
        return true;
      },
    },
    async close() {
      isClosed = true;
      cancel();
      await snapshot();
      await removed.close();
    },
  };
};
