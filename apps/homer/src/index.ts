export type { XcapAnswer, XcapRequest } from './answer.js';
export { NO_DOCUMENT } from './answer.js';
export type { HomerPorts } from './context.js';
export { createHomer, type Homer } from './homer.js';
export * from './homer.config.js';
export * from './homer.module.js';
export type { SchemaValidator } from './schema/schema-validator.port.js';
export * from './start-homer.js';
export { USAGES } from './usages.js';
