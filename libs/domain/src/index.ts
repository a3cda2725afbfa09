export * from './call/index.js';
export * from './charging/index.js';
export * from './filter-criteria/index.js';
export * from './registration/index.js';
export * from './simservs/index.js';
export * from './subscriber/index.js';
export * from './aggregates.js';
export * from './upcasters.js';
