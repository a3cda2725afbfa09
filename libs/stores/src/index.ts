export * from './credential-store.port.js';
export * from './retired-credentials.js';
export * from './key-value-store.port.js';
export * from './table-store.port.js';
export { KEY_VALUE_ENTRIES_MAX } from './adapters/embedded/key-value-table.js';
export { createMemoryCredentialStore } from './adapters/embedded/memory-credential-store.js';
export {
  createMemoryKeyValueStore,
  type EmbeddedKeyValueStore,
  type MemoryKeyValueOptions,
} from './adapters/embedded/memory-key-value-store.js';
export * from './adapters/embedded/memory-table-store.js';
export {
  openSqliteDatabase,
  type SqliteDatabase,
  type SqliteOptions,
} from './adapters/embedded/sqlite-database.js';
export {
  createSqliteTableStore,
  type SqliteTableOptions,
  TABLE_CACHE_ROWS_MAX,
} from './adapters/embedded/sqlite-table-store.js';
export * from './adapters/embedded/json-codec.js';
export { loadMasterKey, type MasterKey, masterKeyOf } from './adapters/embedded/master-key.js';
export {
  createSealedCredentialStore,
  CREDENTIAL_CACHE_MAX,
  type SealedCredentialOptions,
  type SealedCredentialStore,
} from './adapters/embedded/sealed-credential-store.js';
export { moveCredentials } from './adapters/embedded/move-credentials.js';
export * from './adapters/embedded/whole-database.js';
export * from './snapshot-disk.port.js';
export {
  type CheckpointedKeyValueStore,
  type CheckpointedOptions,
  createCheckpointedKeyValueStore,
  type Restored,
} from './adapters/embedded/checkpointed-key-value-store.js';
export * from './adapters/embedded/row-snapshot.js';
export { machineDisk } from './adapters/embedded/machine-disk.js';
export {
  type MemcachedCluster,
  type MemcachedOptions,
  openMemcached,
} from './adapters/memcached/memcached-cluster.js';
export { type MemcachedServer } from './adapters/memcached/memcached-link.js';
export { vbucketOf, VBUCKETS } from './adapters/memcached/memcached-keys.js';
export { stableHash } from './stable-hash.js';
export {
  type Envelope,
  open as openEnvelope,
  seal as sealEnvelope,
} from './adapters/memcached/memcached-envelope.js';
export {
  createMemcachedKeyValueStore,
  keyPrefixOf,
  type MemcachedKeyValueOptions,
} from './adapters/memcached/memcached-key-value-store.js';
export { createSentinels, healRows, type Sentinels } from './adapters/memcached/memcached-sentinels.js';
export type { CassandraDatabase } from './adapters/cassandra/cassandra-database.port.js';
export { type CassandraOptions, openCassandra } from './adapters/cassandra/cassandra-database.js';
export { createCassandraTableStore } from './adapters/cassandra/cassandra-table-store.js';
export { createCassandraCredentialStore } from './adapters/cassandra/cassandra-credential-store.js';
export * from './stores.config.js';
export * from './adapters/copy-credentials.js';
export * from './adapters/open-sealed-records.js';
export * from './adapters/open-engines.js';
