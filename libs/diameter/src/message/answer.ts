// Answers: their header from the request's, and what stands in each, faults included. RFC 6733 §6.2, §7.2.
import type { Fault } from '../codec/avp.js';
import { FLAG, type Header } from '../codec/header.js';
import { isProtocolError } from '../codec/result-codes.js';
import { Avps } from './avps.js';
import type { Message } from './message.js';
import { type Body, writeMessage } from './write-message.js';

/** Who answers. */
export type Identity = Readonly<{ host: string; realm: string }>;

/** The same command, application and ids; P as it was; R and T cleared. */
export const answerHeader = (request: Header, isProtocolFault = false): Header => ({
  ...request,
  flags: (request.flags & FLAG.proxiable) | (isProtocolFault ? FLAG.error : 0),
});

/** Several of them stand in one Failed-AVP. */
const failedAvp = ({ failed }: Fault): Body => (failed ? { 'Failed-AVP': new Avps(failed) } : {});

/** The Proxy-Info of a request goes back as it came, in its order (§6.2). */
export const proxyInfo = ({ avps }: Message): Body => {
  const infos = avps.groups('Proxy-Info');
  return infos.length > 0 ? { 'Proxy-Info': infos } : {};
};

/** An answer to what cannot be served. 3xxx: with the E bit, and as §7.2 has it; so are those of requests that cannot be read. */
export const faultAnswer = (request: Message, fault: Fault, { host, realm }: Identity): Buffer => {
  const sessionId = request.avps.get('Session-Id');
  return writeMessage(answerHeader(request, isProtocolError(fault.resultCode)), {
    'Session-Id': sessionId,
    'Result-Code': fault.resultCode,
    'Origin-Host': host,
    'Origin-Realm': realm,
    'Error-Message': fault.reason,
    ...failedAvp(fault),
    ...proxyInfo(request),
  });
};
