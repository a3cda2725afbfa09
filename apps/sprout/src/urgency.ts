// Who is refused last when the router has more to do than it can (libs/sip overload-control.ts; docs/architecture.md §6). Its peers
// are edges and servers of the core: what a client may not say, they have taken away. Read only while it is so.
import { H, tagOf, type SipMessage, type Urgency } from '#libs/sip';

const EMERGENCY = /^urn:service:sos(?:[.;]|$)/i;
/** Of a session that was let in, back from an application server (TS 24.229 §5.4.3.2). */
const RETURNED = /^\s*<sips?:odi_/i;
/** Registrations are the edge's to refuse, which knows who is registered; a health check must not take a router out of service. */
const KNOWN: ReadonlySet<string> = new Set(['REGISTER', 'SUBSCRIBE', 'OPTIONS']);

export const urgencyOf = (request: SipMessage): Urgency => {
  if (tagOf(request.header(H.To) ?? '') !== '' || EMERGENCY.test(request.requestUri)) return 'always';
  if (RETURNED.test(request.header(H.Route) ?? '') || request.named('Resource-Priority') !== undefined)
    return 'always';
  return KNOWN.has(request.method) ? 'known' : 'new';
};
