export {
  createEmbeddedLog,
  type EmbeddedLog,
  type EmbeddedLogOptions,
  type LogHealth,
} from './embedded.event-log.js';
export { DirectoryInUse, errorCode, LockHeld, type FilePort, type OpenFile } from './file-port.js';
export { EMBEDDED_LIMITS, type EmbeddedLimits } from './limits.js';
export { MemoryDisk, type DiskOperation } from './memory-disk.js';
export { createMemoryLog, type MemoryLogOptions } from './memory.event-log.js';
export { nodeDisk } from './node-disk.js';
export { type Upcast } from './record-format.js';
export { LogDamaged } from './segments.js';
