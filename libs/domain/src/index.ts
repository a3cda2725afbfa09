export * from './call/index.js';
export * from './charging/index.js';
export * from './registration/index.js';
