export * from './call-words.js';
