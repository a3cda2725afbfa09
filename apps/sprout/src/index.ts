export * from './ports.js';
export * from './registrar/expiry.js';
export { type RegistrationChange, updateRegistration } from './registrar/update-registration.js';
export * from './registration-view.js';
export * from './sprout.config.js';
export * from './sprout.js';
export { type LiveChallenges } from './authentication/challenges.js';
export * from './sprout-node.js';
export { SproutModule } from './http/sprout.module.js';
