export * from './bono.js';
export * from './bono.config.js';
export * from './flow-names.js';
export { markIntegrity } from './integrity-mark.js';
export * from './ports.js';
export * from './recover-flows.js';
export * from './bono-node.js';
export * from './edge-identity.js';
