export {
  createEmbeddedLog,
  type EmbeddedLog,
  type EmbeddedLogOptions,
  type LogHealth,
} from './embedded.event-log.js';
export { DirectoryInUse, errorCode, LockHeld, type FilePort, type OpenFile } from './disk/file-port.js';
export { EMBEDDED_LIMITS, type EmbeddedLimits } from './limits.js';
export { MemoryDisk, type DiskOperation } from './disk/memory-disk.js';
export { createMemoryLog, type MemoryLogOptions } from './memory.event-log.js';
export { nodeDisk } from './disk/node-disk.js';
export { type Upcast } from './segments/record-format.js';
export { LogDamaged } from './segments/segments.js';
export { openLogReader, type FollowOptions, type LogReader, type LogReaderOptions } from './log-reader.js';
export { type EventHead } from './segments/read-heads.js';
