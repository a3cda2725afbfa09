export * from './races/run-races.js';
export { type RaceResult } from './races/race.js';
export * from './world.js';
