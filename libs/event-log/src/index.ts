export * from './event-log.port.js';
export * from './adapters/embedded/index.js';
