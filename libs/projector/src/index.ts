export * from './parking.js';
export * from './projection.js';
export * from './projection-ledger.js';
export * from './projection-sink.port.js';
export * from './projector.js';
export * from './rows-sink.js';
export { createTableSink } from './table-sink.js';
export * from './data-dir.js';
export * from './follow-log.js';
