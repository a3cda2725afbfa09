export * from './call-list.js';
