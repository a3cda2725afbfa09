export * from './charging-sessions.js';
export * from './open-charging-sessions.js';
