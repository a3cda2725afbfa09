export { hasCdf, RalfConfig } from './ralf.config.js';
export { type RalfNode, type RalfOptions, startRalf } from './start-ralf.js';
