export * from './conflict.js';
export * from './edit.js';
export * from './entity-tags.js';
export * from './node-selector.js';
export * from './select.js';
export * from './xcap-uri.js';
export * from './xml-document.js';
