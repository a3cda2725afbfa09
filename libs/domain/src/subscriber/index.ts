export * from './credential.js';
export * from './identity.js';
export * from './subscriber.decide.js';
export * from './subscriber.js';
