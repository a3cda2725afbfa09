export * from './registrations-by-aor.js';
export * from './registrations-by-aor.store.js';
