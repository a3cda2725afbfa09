export * from './event-log.port.js';
export * from './upcast.js';
export * from './adapters/embedded/index.js';
export * from './adapters/kafka/index.js';
