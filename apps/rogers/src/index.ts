export * from './rogers.config.js';
export { createRogers, type Rogers, type RogersPorts } from './rogers.js';
