export * from './documents-by-user.js';
export * from './documents-by-user.store.js';
export * from './document-view.js';
