export * from './calls-by-user.js';
export * from './call-list-view.js';
