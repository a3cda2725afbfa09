// Short-lived shared state with compare-and-set and time to live: registration rows, challenges, charging sessions.
// Adapters: embedded (memory, with checkpoints where asked), memcached. Contract: contract/key-value-store.contract.ts.

/** Turns a value into what a remote store keeps, and back. The embedded store keeps the value itself. */
export interface Codec<V> {
  encode(value: V): string;
  decode(text: string): V;
}

/** A value with the version that a later cas must name. Values are immutable: never change one in place. */
export type Versioned<V> = Readonly<{ value: V; version: unknown }>;

/** The store did not answer, or cannot tell absence from loss. Answer 500 + Retry-After; never treat it as absent. */
export class StoreUnavailable extends Error {}

export interface KeyValueStore<V> {
  /** undefined only when the key is certainly absent. Rejects with StoreUnavailable. */
  get(key: string): Promise<Versioned<V> | undefined>;
  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Versioned<V>>>;
  /** Writes when the key is still at `version` (undefined: still absent). False: somebody was first; read again. */
  cas(key: string, value: V, version: unknown, ttlS: number): Promise<boolean>;
  /** Removes when still at `version`. False: somebody was first. */
  remove(key: string, version: unknown): Promise<boolean>;
  /** Embedded only: every live entry, for rebuilding flows and timers at start. A cluster asks the log instead. */
  entries?(): Iterable<readonly [string, V]>;
}
