export * from './simservs.js';
export * from './party-key.js';
export * from './service-rules.js';
export * from './barring.js';
export * from './privacy.js';
export * from './diversion.js';
export * from './diversion-trail.js';
export * from './diversion-server.js';
