export * from './homestead.js';
export * from './homestead.module.js';
