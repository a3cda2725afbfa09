export * from './cluster.js';
export * from './cluster-plan.js';
export { type Demo, provisionDemo } from './demo.js';
export { startEngines, type StartedEngines } from './engines.js';
