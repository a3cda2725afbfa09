// Who is refused last when the edge has more to do than it can (libs/sip overload-control.ts; docs/architecture.md §6).
// Read only while it is so: an ordinary request never comes here.
import {
  addrUri,
  aorOf,
  type EmergencyNumbers,
  emergencyService,
  type Flow,
  H,
  isEmergencyContact,
  tagOf,
  type SipMessage,
  type Urgency,
} from '#libs/sip';
import type { ClientFlows } from './client-flows.js';
import { TRUSTED_LISTENER } from './ports.js';

/** Credentials that answer a challenge; whether well, the registrar says. */
const ANSWER = /response="?[0-9a-f]/i;

/** Does a client that is registered here ask for precedence (RFC 4412, RFC 3261 §20.26)? Anybody else may write it, too. */
const hasPriority = (request: SipMessage): boolean =>
  request.named('Resource-Priority') !== undefined ||
  request.named('Priority')?.trim().toLowerCase() === 'emergency';

const registering = (request: SipMessage, isKnown: (impu: string) => boolean): Urgency => {
  if (isEmergencyContact(addrUri(request.header(H.Contact) ?? ''))) return 'always';
  const impu = aorOf(addrUri(request.header(H.To) ?? ''));
  const isAnswer = ANSWER.test(request.header(H.Authorization) ?? '');
  if (impu !== undefined && isKnown(impu)) return isAnswer ? 'renewing' : 'known';
  return isAnswer ? 'begun' : 'new';
};

export const urgencyOf = (
  flows: ClientFlows,
  nowMs: number,
  request: SipMessage,
  flow: Flow,
  emergency: EmergencyNumbers,
): Urgency => {
  if (
    tagOf(request.header(H.To) ?? '') !== '' ||
    emergencyService(request.requestUri, emergency) !== undefined
  )
    return 'always';
  // The router has let it in, and has worked on it.
  if (flow.listener === TRUSTED_LISTENER) return 'always';
  const client = flows.find(flow);
  if (request.method === 'REGISTER')
    return registering(request, (impu) => client?.identity(impu, nowMs) !== undefined);
  if (client !== undefined && hasPriority(request)) return 'always';
  // A health check that is refused takes the edge out of service.
  if (request.method === 'OPTIONS') return client === undefined ? 'begun' : 'known';
  return 'new';
};
