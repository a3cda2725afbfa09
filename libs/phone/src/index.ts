export * from './phone-messages.js';
export * from './phone.js';
