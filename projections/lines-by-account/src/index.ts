export * from './lines-by-account.js';
export * from './lines-by-account.store.js';
export * from './lines-view.js';
