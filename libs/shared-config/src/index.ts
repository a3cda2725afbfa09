export * from './shared-config.port.js';
export { createFileSharedConfig } from './adapters/embedded/file-shared-config.js';
export { type EtcdOptions, openEtcd } from './adapters/etcd/etcd-shared-config.js';
export * from './shared-config.config.js';
export { type KnownValues, openSharedConfig, readShared } from './adapters/open-shared-config.js';
export * from './shared-variables.js';
export * from './cluster-nodes.js';
export * from './event-gate.js';
export { type SharedStart, startShared } from './adapters/shared-start.js';
