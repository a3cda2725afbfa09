export * from './homestead.js';
export * from './homestead.module.js';
export * from './homestead.config.js';
export * from './homestead.config.js';
