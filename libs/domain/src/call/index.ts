export * from './call.js';
export * from './criteria-outcome.js';
