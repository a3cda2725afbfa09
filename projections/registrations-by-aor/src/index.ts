export * from './registrations-by-aor.js';
export * from './registrations-by-aor.store.js';
export { whatIsRegistered } from './fold-log.js';
export { openRegistrations } from './open-registrations.js';
export { openRegistrationView, type RegistrationView } from './registration-view.js';
export * from './shared-view.js';
export { countRegistered } from './count-registered.js';
