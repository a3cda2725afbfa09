export * from './ellis.config.js';
export * from './start-ellis.js';
export type { Neighbour } from './context.js';
