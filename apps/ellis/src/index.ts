export * from './ellis.config.js';
export * from './start-ellis.js';
export type { Surroundings } from './operator/operators.js';
export type { Neighbour } from './context.js';
