// A request that came back from an application server by its original dialog identifier: which chain goes on, and for whom
// (TS 24.229 §5.4.3.2, §5.4.3.3; RFC 8498 for what a callee's server diverts). Reader: initial-request.ts.
import { retargetingOf } from '#libs/domain';
import { aorOf } from '#libs/sip';
import { noteCall, serverReturned } from '../session/call-record.js';
import { originateFor } from '../session/originating.js';
import type { Session, SessionContext, Step } from '../session/session.js';
import { chainOf, type ChainLink } from './chain-link.js';

const DONE: Step<void> = { ok: true, value: undefined };

/** Puts the session where the chain stands. What the server made of the target decides, on the terminating side. */
export const resume = async (
  context: SessionContext,
  session: Session,
  link: ChainLink,
): Promise<Step<void>> => {
  const { role, served, priority, server, requestUri: before } = link;
  const asked = { role, served: served.impu, priority, server };
  const after = session.requestUri;
  const target = retargetingOf({
    before: aorOf(before),
    after: aorOf(after),
    isSame: before === after,
    aliases: served.aliases,
    hasRoute: role === 'originating' || session.arrival.nextRoute !== undefined,
  });
  noteCall(context.ports, session.icid, [serverReturned(session, asked, target)]);
  if (role === 'originating') {
    session.originating = chainOf(link);
    return DONE;
  }
  if (target === 'diverted') return originateFor(context, session, served.impu, 'diverting');
  session.terminating = chainOf(link);
  // Somewhere else by the server's own Route: what is left of the chain is for the user who was called.
  if (target === 'routed') session.terminating.ended = true;
  return DONE;
};
