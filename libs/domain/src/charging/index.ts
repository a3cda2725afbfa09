export * from './charging.js';
export * from './charging-due.js';
export * from './charging-fact.js';
export * from './charging-session.js';
