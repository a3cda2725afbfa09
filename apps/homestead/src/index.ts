export * from './homestead.js';
