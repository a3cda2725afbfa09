// Where the cache of HSS mode is: in memcached, shared by the Homesteads of a deployment, or in memory with a snapshot now and then, so
// that a restart knows who is registered while no HSS can be asked. What is lost of it is asked of the HSS again. Used by start-hss-mode.ts.
import type { Clock, Logger } from '#libs/runtime';
import {
  createCheckpointedKeyValueStore,
  createMemcachedKeyValueStore,
  type Engines,
  jsonCodec,
  type KeyValueStore,
} from '#libs/stores';
import type { CachedRow } from './cached-sets.js';

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
  let writing = Promise.resolve();
  const snapshot = (): Promise<void> =>
    (writing = writing.then(async () => {
      await store.snapshot(snapshotFile, NOWHERE).catch((error: unknown) => {
        logger.warn({ view: NAME, err: error }, 'snapshot failed');
      });
    }));
  let cancel = (): void => undefined;
  const next = (): void => {
    cancel = clock.after(SNAPSHOT_MS, () => void snapshot().then(next));
  };
  next();
  return {
    store,
    close() {
      cancel();
      return snapshot();
    },
  };
};
