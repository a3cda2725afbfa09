export * from './chronos.config.js';
export * from './chronos.js';
export { ChronosModule } from './chronos.module.js';
export * from './start-chronos.js';
