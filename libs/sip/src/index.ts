export * from './message/header-table.js';
export { LINE_STRIDE, SipMessage } from './message/message.js';
export * from './message/limits.js';
export { parseMessage, type ParseFailure, type ParseResult } from './message/parse-message.js';
export { detached } from './message/detached.js';
export { Edits } from './message/edits.js';
export { isUsualAddress, isUsualCallId, isUsualVia } from './message/usual-form.js';
export { parseVia, receivedVia, viaBranch, type Via } from './fields/via.js';
export {
  headerParam,
  headerParams,
  PARAMS_MAX,
  quote,
  removeParam,
  unquote,
  withoutParams,
} from './fields/params.js';
export * from './fields/fields.js';
export * from './fields/uri.js';
export { aorOf, plainNumber, uriEquals } from './fields/uri-compare.js';
export { addrUri, formatNameAddr, parseNameAddr, tagOf, type NameAddr } from './fields/name-addr.js';
export { decodeUtf8, encodeUtf8, escapePercent, HEADER_CHARS, normaliseEscapes, PARAM_CHARS, PASSWORD_CHARS, unescapePercent, USER_CHARS } from './fields/percent.js'; // prettier-ignore
export { callingParty } from './fields/calling-party.js';
export { icidOf } from './fields/charging-vector.js';
export * from './fields/digest.js';
export {
  alternativeService,
  type AlternativeService,
  type EmergencyNumbers,
  emergencyService,
  isEmergencyContact,
} from './fields/emergency.js';
export { SEAL_IV_BYTES, TextSeal } from './fields/text-seal.js';
export { authorizationFor, type Authorization } from './fields/authorization.js';
export { checkFields, type FieldFault } from './message/check-fields.js';
export * from './proxy/endpoint.port.js';
export { methodWord, tracedUser, type TracedRequest } from './proxy/traced-user.js';
export * from './transport/transport.port.js';
export { createEndpoint } from './proxy/endpoint.js';
export { ownRequest } from './proxy/own-request.js';
export { OverloadControl, overloadCounts, type Refusable, type Urgency, type WaitGauge } from './proxy/overload-control.js'; // prettier-ignore
export type { DrainAdmission } from './proxy/drain-gate.js';
export { TRANSACTIONS_MAX, type EndpointLimits, type EndpointOptions, type SipEndpoint } from './proxy/endpoint.options.js'; // prettier-ignore
export { prepareRoute, restoreRequestUri, routeStrictly, type PreparedRoute } from './proxy/route-set.js';
export { endpointCounts, type EndpointCounters } from './proxy/endpoint.counters.js';
export { readTopVia, type TopVia } from './transaction/top-via.js';
export { reasonPhrase, retryAfter } from './transaction/reply.js';
export { driveTimers, TimerNode, TimerWheel, type TimerOwner } from './transaction/timer-wheel.js';
export { DEFAULT_TIMING } from './transaction/transaction.js';
export { createTransports, UDP_REQUEST_BYTES_MAX } from './adapters/transports.js';
export type {
  ListenerAddress,
  ListenerOptions,
  NodeTransports,
  TransportsOptions,
} from './adapters/transports.options.js';
export { makeCertificate, openSelfMadeCertificate } from './adapters/tls/self-made-certificate.js';
export type { TlsOptions } from './adapters/tls/tls-options.js';
export { MemoryHub } from './adapters/memory-hub.js';
export type { Arrival, MemoryHubOptions, Transform } from './adapters/memory-hub.js';
export type { ListenerCounters, ListenerLimits, SharedPort, TransportLog } from './adapters/listener.js';
export { StreamFramer, type FramerSink, type FramingFault } from './transport/stream-framer.js';
export { Handover, type HandoverPorts } from './workers/handover.js';
export { type WorkerLinks, WORKERS_MAX } from './workers/worker-links.port.js';
export { type PortSharing, type PortSharingOptions, sharePorts } from './adapters/share-ports.js';
export { openWorkerSockets, type WorkerSockets } from './adapters/worker-sockets.js';
export { flowTokens } from './transport/flow-token.js';
export type { FlowReference, FlowTokens } from './transport/flow-token.js';
export { HEADER_LINES_MAX } from './message/limits.js';
export { canonicalIp, familyOf, hostPort, isCanonicalIpv4, isWildcard } from './fields/ip-address.js';
export { createStaticResolver, hostKey, type NameTable } from './transport/resolver.js';
export { createDnsResolver, type DnsResolverOptions } from './transport/dns-resolver.js';
export type { NameAnswer, NameEntry, NameLookup, NameType } from './transport/name-lookup.port.js';
