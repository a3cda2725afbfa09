export * from './archive.port.js';
export { ArchiveConfig } from './archive.config.js';
export { createMemoryArchive, MemoryArchiveServer } from './adapters/embedded/memory-archive.js';
export {
  type EventStoreDbOptions,
  EVENTSTORE_TIMEOUT_MS,
  openEventStoreDb,
} from './adapters/eventstoredb/eventstoredb-archive.js';
export { openArchive } from './adapters/open-archive.js';
