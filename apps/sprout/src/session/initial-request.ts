// An initial request at the S-CSCF: originating side, then terminating side, then forked to the callee's devices
// (TS 24.229 §5.4.3, RFC 3261 §16). One server transaction and one response context for the whole way; at an application
// server it leaves the step where it stands, and comes back as a new request with a token (docs/adr/0004).
import type { Role } from '#libs/domain';
import type { ServerTransaction } from '#libs/sip';
import { type Chain, turnOf } from '../isc/chain.js';
import type { ChainLink } from '../isc/chain-link.js';
import { depart } from '../isc/departure.js';
import { followLeg } from '../isc/legs.js';
import { claimLink } from '../isc/link-state.js';
import { resume } from '../isc/resume.js';
import { originate } from './originating.js';
import { type Way, wayOut, wayOutUnknown } from '../routing/way-out.js';
import {
  type Arrival,
  type Refusal,
  refuse,
  type SessionContext,
  startSession,
  type Step,
} from './session.js';
import { ringingPlan } from '../ringing/ringing-plan.js';
import { SessionProxy } from './session-proxy.js';
import { SessionTiming, tooSmall } from './session-timing.js';
import { findCallee, terminate } from './terminating.js';

const NO_DEVICE = refuse(480, 'Temporarily Unavailable', 'no device is registered');
const NOT_WANTED = refuse(480, 'Temporarily Unavailable', 'the caller wants no device that is registered');
const NOTHING_MATCHES = refuse(400, 'Bad Request', 'no filter criterion matches');

/** Asks the chain's next server, if there is one; undefined: the chain is at its end. */
const nextServer = (proxy: SessionProxy, chain: Chain | undefined): Promise<void> | undefined => {
  if (chain === undefined || chain.ended) return undefined;
  const { tx, requestUri } = proxy.session;
  const turn = turnOf(chain, tx.request, requestUri);
  switch (turn.kind) {
    case 'end':
      return undefined;
    case 'reject':
      proxy.refuse(chain.role, NOTHING_MATCHES);
      return Promise.resolve();
    case 'invoke':
      return depart(proxy, chain, turn.decision);
  }
};

/** RFC 4028 §8.1: who wants to refresh too often is told so before anybody is asked. False: answered. */
const isTimed = (proxy: SessionProxy, role: Role): boolean => {
  const { context, session } = proxy;
  const timing = SessionTiming.of(session.tx.request, context.settings.sessionTimer);
  if (timing?.kind !== 'too-small') {
    session.timing = timing;
    return true;
  }
  const why = `the session may be refreshed every ${timing.minS} s at most`;
  const refusal = refuse(422, 'Session Interval Too Small', why);
  proxy.refuse(role, { ...refusal, headers: tooSmall(timing.minS) });
  return false;
};

/** Out of this domain, or no further. */
const leave = (proxy: SessionProxy, way: Step<Way>): void => {
  if (!way.ok) return proxy.refuse('terminating', way);
  proxy.forwardOn(way.value.kind === 'routes' ? way.value.routes : undefined);
};

/** A number that nobody has here may be somebody's elsewhere, or somebody's of ours by another name. */
const notFound = async (proxy: SessionProxy, step: Refusal): Promise<void> => {
  const { context, session } = proxy;
  const way = step.status === 404 ? await wayOutUnknown(context, session) : undefined;
  if (session.tx.answered) return;
  if (way === undefined) return proxy.refuse('terminating', step);
  return way.ok && way.value.kind === 'home' ? goOn(proxy) : leave(proxy, way);
};

/** Takes the session on from where it stands, until it has left or is answered. */
const goOn = async (proxy: SessionProxy): Promise<void> => {
  const { context, session } = proxy;
  const { tx, arrival } = session;
  const asked = nextServer(proxy, session.originating);
  if (asked !== undefined) return asked;

  if (session.terminating === undefined) {
    if (arrival.nextRoute !== undefined) return proxy.forwardOn();
    const found = wayOut(context, session);
    const way = found instanceof Promise ? await found : found;
    if (tx.answered) return;
    if (!way.ok || way.value.kind !== 'home') return leave(proxy, way);
    const step = await terminate(context, session);
    if (tx.answered) return;
    if (!step.ok) return notFound(proxy, step);
  }
  const askedToo = nextServer(proxy, session.terminating);
  if (askedToo !== undefined) return askedToo;

  if (arrival.nextRoute !== undefined) return proxy.forwardOn();
  session.atCallee = true;
  if (session.callee === undefined) session.callee = await findCallee(context, session);
  const { callee } = session;
  if (tx.answered) return;
  if (callee.targets.length === 0) return proxy.refuse('terminating', NO_DEVICE);
  const plan = ringingPlan(tx.request, callee.targets);
  if (plan.groups.length === 0) return proxy.refuse('terminating', NOT_WANTED);
  proxy.ringDevices(plan);
};

/** Handles an initial request from the trusted side; always answers or forwards. Rejects only on defects and faults. */
export const initialRequest = async (
  context: SessionContext,
  tx: ServerTransaction,
  arrival: Arrival,
): Promise<void> => {
  if (arrival.odi !== undefined) {
    const claimed = await claimLink(context, arrival.odi);
    if (tx.answered) return;
    // The session went on without this server: it was told so, and the callee is not to be asked twice.
    if (claimed === 'over' || tx.cancelled) return tx.reply(487, 'Request Terminated');
    // Of a token that nobody knows (any more): a request like any other.
    if (claimed !== 'unknown') {
      const proxy = new SessionProxy(context, startSession(context, tx, arrival, claimed.link), goOn);
      if (claimed.isElsewhere) followLeg(context, proxy, arrival.odi, claimed.link);
      return returned(proxy, claimed.link);
    }
  }
  const session = startSession(context, tx, arrival);
  const proxy = new SessionProxy(context, session, goOn);
  // Bound, not a closure: what a closure in an async function captures outlives the call by seconds (docs/performance.md).
  tx.onCancel = proxy.givenUp.bind(proxy);
  if (!isTimed(proxy, arrival.originating ? 'originating' : 'terminating')) return;
  if (arrival.originating) {
    const step = await originate(context, session);
    if (tx.answered) return;
    if (!step.ok) return proxy.refuse('originating', step);
  }
  return goOn(proxy);
};

const returned = async (proxy: SessionProxy, link: ChainLink): Promise<void> => {
  const { context, session } = proxy;
  const { tx } = session;
  tx.onCancel = proxy.givenUp.bind(proxy);
  if (!isTimed(proxy, link.role)) return;
  const step = await resume(context, session, link);
  if (tx.answered) return;
  if (!step.ok) return proxy.refuse('originating', step);
  return goOn(proxy);
};
