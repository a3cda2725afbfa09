// KeyValueStore in this process's memory: values by reference, TTL by the injected clock, versions by a counter.
// For state that a restart may forget (challenges) or rebuilds from the log; tests and simulation use it too.
import type { Clock } from '#libs/runtime';
import type { Codec, KeyValueStore, Versioned } from '../../key-value-store.port.js';
import { KEY_VALUE_ENTRIES_MAX, KeyValueTable } from './key-value-table.js';

export type MemoryKeyValueOptions<V> = Readonly<{
  /** Names the store in errors and metrics. */
  name: string;
  clock: Clock;
  /** Not used in memory; taken so that one line of composition fits every adapter. */
  codec?: Codec<V>;
  /** At this many entries a new key is refused with StoreUnavailable; nothing is evicted. */
  entriesMax?: number;
}>;

export type EmbeddedKeyValueStore<V> = KeyValueStore<V> &
  Readonly<{
    entries(): Iterable<readonly [string, V]>;
    /** Entries held, expired ones that were not swept yet included: for a gauge. */
    size(): number;
  }>;

export const createMemoryKeyValueStore = <V>({
  name,
  clock,
  entriesMax = KEY_VALUE_ENTRIES_MAX,
}: MemoryKeyValueOptions<V>): EmbeddedKeyValueStore<V> =>
  storeOver(new KeyValueTable<V>(name, clock, entriesMax));

/** The port over a table. No async functions: a settled promise is all that a call costs. */
export const storeOver = <V>(table: KeyValueTable<V>): EmbeddedKeyValueStore<V> => ({
  get: (key) => Promise.resolve(table.get(key)),

  getMany(keys) {
    const found = new Map<string, Versioned<V>>();
    for (const key of keys) {
      const entry = table.get(key);
      if (entry !== undefined) found.set(key, entry);
    }
    return Promise.resolve(found);
  },

  cas(key, value, version, ttlS) {
    try {
      return Promise.resolve(table.cas(key, value, version, ttlS));
    } catch (error) {
      return rejected(error);
    }
  },

  remove: (key, version) => Promise.resolve(table.remove(key, version)),
  entries: () => table.entries(),
  size: () => table.size,
});

const rejected = (error: unknown) =>
  Promise.reject(error instanceof Error ? error : new Error(String(error)));
