export * from './history-source.js';
export * from './other-sources.js';
export * from './queries/index.js';
export { describeEvent, detailsOf } from './words/describe-event.js';
export { eventJson, type EventJson } from './words/event-json.js';
