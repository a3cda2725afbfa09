export * from './credential-store.port.js';
export * from './key-value-store.port.js';
export * from './table-store.port.js';
export { KEY_VALUE_ENTRIES_MAX } from './adapters/embedded/key-value-table.js';
export * from './adapters/embedded/memory-credential-store.js';
export {
  createMemoryKeyValueStore,
  type EmbeddedKeyValueStore,
  type MemoryKeyValueOptions,
} from './adapters/embedded/memory-key-value-store.js';
export * from './adapters/embedded/memory-table-store.js';
