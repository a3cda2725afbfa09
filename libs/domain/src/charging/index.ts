export * from './charging.js';
