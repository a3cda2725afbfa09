export * from './adapters/system-resolver.js';
export { type Reading, ResponseReader } from './adapters/response-reader.js';
export * from './adapters/socket.transport.js';
export * from './adapters/undici.transport.js';
export * from './balanced.http-pool.js';
export * from './http-pool.port.js';
export { BAD_TRIES_MAX } from './retry-rules.js';
export { ADDRESSES_MAX, BLACKLIST_MS, GRAYLIST_MS, TARGETS_MAX } from './target-list.js';
