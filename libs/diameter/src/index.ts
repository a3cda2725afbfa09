export { type Avp, AVP_FLAG, encodeAvps, type Fault, readAvps } from './codec/avp.js';
export { isDiameterIdentity, isDiameterUri } from './codec/formats.js';
export { FLAG, type Header, isError, isProxiable, isRequest, isRetransmitted } from './codec/header.js';
export { AVPS_MAX, MESSAGE_BYTES_MAX, NESTING_MAX } from './codec/limits.js';
export { CX_RESULT, isProtocolError, RESULT, resultName } from './codec/result-codes.js';
export { type FramerSink, StreamFramer } from './codec/stream-framer.js';
export { ACCOUNTING_APPLICATION } from './dictionary/base-protocol.dictionary.js';
export { CX_APPLICATION, VENDOR_3GPP } from './dictionary/cx.dictionary.js';
export {
  allAvps,
  type Application,
  APPLICATIONS,
  avpByCode,
  avpByName,
  type AvpDefinition,
  type AvpName,
  commandByShort,
  commandName,
  type CommandShort,
  isAvpName,
  requestGrammar,
  type RequestShort,
} from './dictionary/dictionary.js';
export { answerHeader, faultAnswer, type Identity } from './message/answer.js';
export { Avps, describe as describeAvps, type Described } from './message/avps.js';
export { checkRequest, type Strictness } from './message/check-message.js';
export { type Message, type Parsed, parseMessage, type Result, resultOf } from './message/message.js';
export { avpsOf, type Body, CannotWriteError, writeMessage } from './message/write-message.js';
export {
  nodeCommand,
  type NodeCommandOptions,
  nodeOfCommand,
  runCommandLine,
  say,
} from './adapters/node-command.js';
export { createRequestTally, type RequestTally, resultWord } from './adapters/request-tally.js';
export { createTcpTransport, type TlsIdentity } from './adapters/tcp.js';
export { CER_WAIT_MS, UNIDENTIFIED_MAX } from './node/incoming.js';
export {
  createDiameterNode,
  type DiameterNode,
  type NodeOptions,
  type PeerStatus,
  type RequestOptions,
  TIMEOUT_MS,
  TRIES_MAX,
} from './node/node.js';
export { type PeerConfig, UNCONFIGURED_PEERS_MAX } from './node/peer-table.js';
export { type Outcome, WAITING_MAX } from './node/requests.js';
export type { Route } from './node/routing.js';
export { type From, type Handler, IN_PROGRESS_MAX } from './node/serve.js';
export type { LocalNode, RemoteCapabilities } from './peer/capabilities.js';
export { CAUSE } from './peer/peer-messages.js';
export { parsePeerAddress } from './peer/peer-uri.js';
export { type PeerTiming, USUAL_TIMING } from './peer/peer.js';
export type {
  Connection,
  ConnectionEvents,
  DiameterTransport,
  Listening,
  PeerAddress,
} from './peer/transport.port.js';
export { createMemoryNetwork, type MemoryNetwork } from './testing/memory-network.js';
