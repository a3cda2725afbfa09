export * from './event-log.port.js';
export * from './upcast.js';
export * from './adapters/embedded/index.js';
export * from './adapters/kafka/index.js';
export { openConfiguredLog, OtherLog, type ProcessLog, type ProcessLogOptions } from './adapters/open-log.js';
export { EventLogConfig } from './event-log.config.js';
