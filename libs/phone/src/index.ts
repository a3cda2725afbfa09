export * from './phone-dialog.js';
export * from './phone-messages.js';
export * from './phone-options.js';
export * from './phone.js';
