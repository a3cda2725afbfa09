export * from './homestead.port.js';
