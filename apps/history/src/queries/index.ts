export * from './call-story.js';
export * from './latest-events.js';
export * from './list-streams.js';
export * from './near-names.js';
export * from './stream-state.js';
