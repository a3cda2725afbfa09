export * from './header-table.js';
export { LINE_STRIDE, SipMessage } from './message.js';
export * from './limits.js';
export { parseMessage, type ParseFailure, type ParseResult } from './parse-message.js';
export { Edits } from './edits.js';
export { parseVia, viaBranch, type Via } from './via.js';
export { headerParam, headerParams, quote, removeParam, unquote, withoutParams } from './params.js';
export * from './fields.js';
export * from './uri.js';
export { aorOf, plainNumber, uriEquals } from './uri-compare.js';
export { addrUri, formatNameAddr, parseNameAddr, tagOf, type NameAddr } from './name-addr.js';
export { decodeUtf8, encodeUtf8, escapePercent, HEADER_CHARS, normaliseEscapes, PARAM_CHARS, PASSWORD_CHARS, unescapePercent, USER_CHARS } from './percent.js'; // prettier-ignore
export * from './digest.js';
export { checkFields, type FieldFault } from './check-fields.js';
export * from './endpoint.port.js';
export * from './transport.port.js';
export { createEndpoint, TRANSACTIONS_MAX, type EndpointLimits, type EndpointOptions, type SipEndpoint } from './endpoint.js'; // prettier-ignore
export type { EndpointCounters } from './endpoint.counters.js';
export { reasonPhrase, retryAfter } from './reply.js';
export { driveTimers, TimerNode, TimerWheel, type TimerOwner } from './timer-wheel.js';
export { DEFAULT_TIMING } from './transaction.js';
export { createTransports, UDP_REQUEST_BYTES_MAX } from './adapters/transports.js';
export type {
  ListenerAddress,
  ListenerOptions,
  NodeTransports,
  TransportsOptions,
} from './adapters/transports.options.js';
export { MemoryHub } from './adapters/memory-hub.js';
export type { Arrival, MemoryHubOptions, Transform } from './adapters/memory-hub.js';
export type { ListenerCounters, ListenerLimits, TransportLog } from './adapters/listener.js';
export { flowTokens } from './flow-token.js';
export type { FlowReference, FlowTokens } from './flow-token.js';
export { canonicalIp, familyOf, hostPort } from './ip-address.js';
export { createStaticResolver } from './resolver.js';
