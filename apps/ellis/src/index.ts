export * from './ellis.config.js';
export * from './start-ellis.js';
export type { Surroundings } from './operator/surroundings.port.js';
export { sampled } from './operator/sampled.js';
export type { Neighbour } from './context.js';
export { SECOND_LOOK_MS } from './second-looks.js';
