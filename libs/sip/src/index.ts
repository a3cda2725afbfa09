export * from './header-table.js';
export { LINE_STRIDE, SipMessage } from './message.js';
export * from './limits.js';
export { parseMessage, type ParseFailure, type ParseResult } from './parse-message.js';
export { Edits } from './edits.js';
export { parseVia, viaBranch, type Via } from './via.js';
export { headerParam, headerParams, quote, removeParam, unquote, withoutParams } from './params.js';
