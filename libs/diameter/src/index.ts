export { type Avp, AVP_FLAG, encodeAvps, type Fault, readAvps } from './codec/avp.js';
export { isDiameterIdentity, isDiameterUri } from './codec/formats.js';
export { FLAG, type Header, isError, isProxiable, isRequest, isRetransmitted } from './codec/header.js';
export { AVPS_MAX, MESSAGE_BYTES_MAX, NESTING_MAX } from './codec/limits.js';
export { CX_RESULT, isProtocolError, RESULT, resultName } from './codec/result-codes.js';
export { type FramerSink, StreamFramer } from './codec/stream-framer.js';
export { ACCOUNTING_APPLICATION } from './dictionary/base.dictionary.js';
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
