// The originating S-CSCF: on whose behalf a request comes, and what that user's profile says (TS 24.229 §5.4.3.2).
import { addrUri, aorOf, firstValue, H, headerParam, type SipMessage } from '#libs/sip';
import { serve, type ServedSide } from './served.js';
import { refuse, type Session, type SessionContext, type Step } from './session.js';

/** P-Served-User, else the first P-Asserted-Identity, else From (RFC 5502, TS 24.229 §5.4.3.2). */
export const originatingUser = (request: SipMessage): string | undefined => {
  const value =
    firstValue(request, H.PServedUser) ?? firstValue(request, H.PAssertedIdentity) ?? request.header(H.From)!;
  return aorOf(addrUri(value));
};

/** An application server that diverts in a user's name says so (RFC 8498 §4). */
const sideOf = (request: SipMessage): ServedSide => {
  const served = firstValue(request, H.PServedUser);
  return served !== undefined && headerParam(served, 'orig-cdiv') !== undefined ? 'diverting' : 'originating';
};

/** Serves who the session goes on behalf of, and starts that chain: `session.originating`. */
export const originateFor = async (
  context: SessionContext,
  session: Session,
  user: string,
  side: ServedSide,
): Promise<Step<void>> => {
  const step = await serve(context, side, user);
  if (!step.ok) return step.status === 404 ? refuse(403, 'Forbidden', step.why) : step;
  session.originating = step.value.chain;
  return { ok: true, value: undefined };
};

/** Serves the caller, or whom an application server names in its own session. */
export const originate = async (context: SessionContext, session: Session): Promise<Step<void>> => {
  const { request } = session.tx;
  const user = originatingUser(request);
  if (user === undefined) return refuse(403, 'Forbidden', 'the caller has no usable identity');
  return originateFor(context, session, user, sideOf(request));
};
