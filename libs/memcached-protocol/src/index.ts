export * from './bounds.js';
export * from './meta-reply-reader.js';
export * from './output.js';
export * from './replies.js';
export * from './request.js';
export * from './request-reader.js';
