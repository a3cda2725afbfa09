// Answers: their header from the request's, and what stands in each, faults included. RFC 6733 §6.2, §7.2.
import type { Fault } from '../codec/avp.js';
import { FLAG, type Header } from '../codec/header.js';
import { isProtocolError } from '../codec/result-codes.js';
import { Avps } from './avps.js';
import type { Message } from './message.js';
import { type Body, CannotWriteError, writeMessage } from './write-message.js';

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

/**
 * An answer to what cannot be served. 3xxx: with the E bit, and as §7.2 has it; so are those of requests that cannot be read. Never throws:
 * of a request that has no room for itself beside the fault nothing is sent back.
 */
export const faultAnswer = (request: Message, fault: Fault, { host, realm }: Identity): Buffer => {
  const header = answerHeader(request, isProtocolError(fault.resultCode));
  const own: Body = {
    'Result-Code': fault.resultCode,
    'Origin-Host': host,
    'Origin-Realm': realm,
    'Error-Message': fault.reason,
  };
  try {
    const sessionId = request.avps.get('Session-Id');
    return writeMessage(header, {
      'Session-Id': sessionId,
      ...own,
      ...failedAvp(fault),
      ...proxyInfo(request),
    });
  } catch (error) {
    if (!(error instanceof CannotWriteError)) throw error;
    return writeMessage(header, own);
  }
};
