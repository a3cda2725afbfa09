export * from './service-profile.js';
export * from './criteria-subject.js';
export * from './linear-pattern.js';
export * from './compile-criteria.js';
export * from './criteria-chain.js';
export * from './describe-decision.js';
export * from './server-watch.js';
export * from './retarget.js';
