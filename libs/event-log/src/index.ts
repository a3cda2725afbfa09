export * from './event-log.port.js';
export * from './partition-owners.port.js';
export { AnsweredAppends, type AppendAnswer, type ComeAgain } from './answered-appends.js';
export * from './expect-stream.js';
export { tracedAppends } from './traced-appends.js';
export * from './upcast.js';
export { placeInLog } from './copy/original-position.js';
export { copyLog, type CopyOptions, type CopyProgress, type CopyResult } from './copy/copy-log.js';
export { upTo } from './copy/up-to.js';
export { CopyRefused, type CopyTarget, type StoredEvent, type StoredLog } from './copy/stored-log.port.js';
export * from './adapters/embedded/index.js';
export { createSoleOwner } from './adapters/embedded/sole-owner.js';
export * from './adapters/kafka/index.js';
export {
  openConfiguredLog,
  openKafkaForReading,
  openPartitionOwners,
  OtherLog,
  type ProcessLog,
  type ProcessLogOptions,
} from './adapters/open-log.js';
export { openCopy, type OpenCopy, type CopyEnds } from './adapters/open-copy.js';
export { EventLogConfig } from './event-log.config.js';
export {
  AppendSpool,
  type AppendSpoolPorts,
  SPOOL_BYTES_MAX,
  type SpoolObserver,
  UNWRITTEN_MAX,
} from './adapters/spool/append-spool.js';
export { CALL_SPOOL_MS, CallSpool, type CallSpoolObserver } from './adapters/spool/call-spool.js';
export { openChargingSpool } from './adapters/spool/open-charging-spool.js';
