export * from './account.js';
export * from './line-number.js';
