export * from './twinning.js';
