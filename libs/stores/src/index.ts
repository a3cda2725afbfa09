export * from './credential-store.port.js';
export * from './key-value-store.port.js';
export * from './table-store.port.js';
