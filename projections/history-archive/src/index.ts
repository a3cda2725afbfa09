export { ArchiveSink, type ArchiveSinkPorts } from './archive-sink.js';
export type { ChainHead } from './signed-head.js';
export * from './history-archive.js';
export { type ChainReport, verifyArchive } from './verify-chain.js';
export { recordedOf } from './archived-event.js';
export {
  ARCHIVE_STOP_MS_MAX,
  HEADS_INTERVAL_MS,
  type HistoryArchive,
  openHistoryArchive,
} from './open-history-archive.js';
