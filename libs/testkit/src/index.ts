export * from './fake-clock.js';
export * from './openapi-check.js';
export * from './seeded-random.js';
export * from './sip-recorder.js';
export * from './spec-for.js';
export * from './fault-proxy.fixture.js';
export * from './real-engine.fixture.js';
