export { type DueNode, DueWheel, isPlaced, TICK_MS } from './due-wheel.js';
export { BindingNode } from './binding-expiries.js';
export * from './timers-due.js';
export * from './open-timers-due.js';
