// The originating S-CSCF: on whose behalf a request comes, and what that user's profile says (TS 24.229 §5.4.3.2).
import { addrUri, aorOf, H, type SipMessage, firstValue } from '#libs/sip';

import { refuse, type Session, type SessionContext, type Step } from './session.js';
import { serve } from './served.js';

/** P-Served-User, else the first P-Asserted-Identity, else From (RFC 5502, TS 24.229 §5.4.3.2). */
export const originatingUser = (request: SipMessage): string | undefined => {
  const value =
    firstValue(request, H.PServedUser) ?? firstValue(request, H.PAssertedIdentity) ?? request.header(H.From)!;
  return aorOf(addrUri(value));
};

/** Serves the caller. On success `session.originating` is set. */
export const originate = async (context: SessionContext, session: Session): Promise<Step<void>> => {
  const user = originatingUser(session.tx.request);
  if (user === undefined) return refuse(403, 'Forbidden', 'the caller has no usable identity');
  const step = await serve(context, session, 'originating', user);
  if (!step.ok) return step.status === 404 ? refuse(403, 'Forbidden', step.why) : step;
  session.originating = step.value.served;
  return { ok: true, value: undefined };
};
