export * from './homestead.port.js';
export * from './criteria-files.js';
export * from './ims-subscription.js';
