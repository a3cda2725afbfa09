// An initial request at the S-CSCF: originating side, then terminating side, then forked to the callee's devices
// (TS 24.229 §5.4.3, RFC 3261 §16). One server transaction and one response context for the whole way.
import { entryOf } from '#libs/domain';
import {
  addrUri,
  Edits,
  H,
  type Branch,
  type NextHop,
  type ProxyUser,
  routeStrictly,
  type ServerTransaction,
  type SipMessage,
  hostPortOf,
} from '#libs/sip';
import { replyBackEndFault } from '../faults.js';
import { updateRegistration } from '../registrar/update-registration.js';
import {
  chargeFinal,
  noteCall,
  originatingServed,
  requestRefused,
  terminatingServed,
} from './call-record.js';
import { callersStatus } from './in-dialog.js';
import { originate } from './originating.js';
import { type BillingRole, isOwn } from './own-route.js';
import { makesDialog, type Session, type SessionContext, startSession, type Step } from './session.js';
import type { Target } from './targets.js';
import { type Callee, terminate } from './terminating.js';

/** How the request came: own Route values on top of it, and whether one of them said `orig`. */
export type Arrival = Readonly<{ ownRoutes: number; originating: boolean; nextRoute: string | undefined }>;

/** A branch to one device, or (`target` undefined) to the next hop of somebody else's. */
type Label = Target | undefined;

const refuseSession = (
  { ports }: SessionContext,
  session: Session,
  role: 'originating' | 'terminating',
  step: Extract<Step<never>, { ok: false }>,
): void => {
  const { tx } = session;
  if (step.failure !== undefined) replyBackEndFault(tx, step.failure, ports);
  else tx.reply(step.status, step.reason);
  noteCall(ports, session.icid, [
    ...(role === 'terminating' ? originatingEvents(session) : []),
    requestRefused(
      session,
      role,
      role === 'originating' ? session.from : session.requestUri,
      step.status,
      step.why,
    ),
  ]);
  if (step.failure === undefined) chargeFinal(ports, session, step.status, ports.clock.nowMs());
};

const originatingEvents = (session: Session) =>
  session.originating === undefined
    ? []
    : [originatingServed(session, session.originating, session.requestUri)];

/** The request as every branch has it: own Routes gone, our Record-Routes on. */
const commonEdits = ({ ports, settings }: SessionContext, session: Session, ownRoutes: number): Edits => {
  const { request } = session.tx;
  const edits = new Edits(request);
  for (let left = ownRoutes; left > 0; left--) edits.popValue(H.Route);
  if (makesDialog(request)) {
    const { icid, dialog } = session;
    const { scscfUri } = settings;
    const open = session.originating === undefined || session.terminating === undefined;
    const record = (role: BillingRole): void =>
      edits.prepend(H.RecordRoute, ports.dialogMarks.recordRoute(scscfUri, { role, icid, dialog, open }));
    if (session.originating !== undefined) record('charge-orig');
    if (session.terminating !== undefined) record('charge-term');
  }
  return edits;
};

/** Adds what is a device's own: its contact as Request-URI, its Path as Route (RFC 3327 §5.4). */
const toDevice = (edits: Edits, { contact, path }: Target['binding']): NextHop => {
  edits.requestUri(contact);
  for (let hop = path.length - 1; hop >= 0; hop--) edits.prepend(H.Route, path[hop]!);
  return { kind: 'uri', uri: path.length > 0 ? addrUri(path[0]!) : contact, listener: 'scscf' };
};

/** The proxy's decisions for one session: what becomes of answers, and of devices whose flow has died. */
class SessionProxy implements ProxyUser<Label> {
  #cancelled = false;

  constructor(
    private readonly context: SessionContext,
    private readonly session: Session,
    private readonly callee: Callee | undefined,
    private readonly forkTo: (target: Target) => boolean,
  ) {}

  branchFailed({ label }: Branch<Label>, status: number): 'count' | 'retry' {
    if (status !== 430 || label === undefined) return 'count';
    this.#flowFailed(label);
    const [next, ...others] = label.others;
    return next !== undefined && this.forkTo({ binding: next, others }) ? 'retry' : 'count';
  }

  readonly chosen = callersStatus;

  cancelled(): void {
    this.#cancelled = true;
  }

  completed(status: number, branch: Branch<Label> | undefined, _response: SipMessage | undefined): void {
    const { ports } = this.context;
    const contact = branch?.label?.binding.contact;
    noteCall(ports, this.session.icid, [
      status < 300
        ? { type: 'CallAnswered', data: { status, ...(contact === undefined ? {} : { contact }) } }
        : { type: 'CallFailed', data: { status, cancelled: this.#cancelled } },
    ]);
    chargeFinal(ports, this.session, status, ports.clock.nowMs());
  }

  #flowFailed({ binding: { bindingId, contact } }: Target): void {
    const { ports } = this.context;
    const { session, callee } = this;
    const entry = callee === undefined ? undefined : entryOf(callee.row, bindingId);
    noteCall(ports, session.icid, [{ type: 'TargetFlowFailed', data: { bindingId, contact } }]);
    if (entry === undefined || session.terminating === undefined) return;
    updateRegistration(ports, session.terminating.aor, {
      type: 'RemoveFailedFlow',
      data: { bindingId, upTo: entry.at },
    }).catch((error: unknown) => ports.observer.fault('flow-removal', error));
  }
}

const forkToDevices = (
  context: SessionContext,
  session: Session,
  ownRoutes: number,
  callee: Callee,
): void => {
  const { ports } = context;
  const common = commonEdits(context, session, ownRoutes);
  common.replace(H.PCalledPartyId, `<${session.terminating!.impu}>`);
  noteCall(ports, session.icid, [
    ...originatingEvents(session),
    terminatingServed(session, session.terminating!, callee.targets),
  ]);
  const fork = (target: Target): boolean => {
    const edits = callee.targets.length === 1 && target.others.length === 0 ? common : common.copy();
    return proxy.fork(edits, toDevice(edits, target.binding), target) !== undefined;
  };
  session.tx.onCancel = undefined; // from here on the response context is told
  const proxy = ports.endpoint().proxy<Label>(session.tx, new SessionProxy(context, session, callee, fork));
  for (const target of callee.targets) fork(target);
  proxy.seal();
};

/** To somebody else's domain, or along a Route that is not ours. */
const forwardOn = (context: SessionContext, session: Session, { ownRoutes, nextRoute }: Arrival): void => {
  const { ports } = context;
  const edits = commonEdits(context, session, ownRoutes);
  noteCall(ports, session.icid, originatingEvents(session));
  const uri = nextRoute === undefined ? session.requestUri : addrUri(nextRoute);
  routeStrictly(edits, session.requestUri);
  const user = new SessionProxy(context, session, undefined, () => false);
  session.tx.onCancel = undefined; // from here on the response context is told
  const proxy = ports.endpoint().proxy<Label>(session.tx, user);
  proxy.fork(edits, { kind: 'uri', uri, listener: 'scscf' }, undefined);
  proxy.seal();
};

const IS_SIP = /^sips?:/i;
/** A URN, say: service numbers are not resolved yet. */
const NO_WAY = {
  ok: false,
  status: 404,
  reason: 'Not Found',
  why: 'nothing says where this URI leads',
} as const;

/** True when the Request-URI is for a user (or a number) of this domain. */
const isHome = ({ settings }: SessionContext, requestUri: string): boolean =>
  /^tel:/i.test(requestUri) ||
  isOwn(requestUri, settings.ownHosts) ||
  // A public identity has no port (TS 23.003 §13.4).
  hostPortOf(requestUri).toLowerCase().startsWith(`${settings.homeDomain}:`);

/** The caller gave up while profiles were asked for: it is told at once, and what is under way comes to nothing. */
const givenUp = ({ ports }: SessionContext, session: Session): void => {
  session.tx.reply(487, 'Request Terminated');
  noteCall(ports, session.icid, [
    ...originatingEvents(session),
    { type: 'CallFailed', data: { status: 487, cancelled: true } },
  ]);
  chargeFinal(ports, session, 487, ports.clock.nowMs());
};

/** Handles an initial request from the trusted side; always answers or forwards. Rejects only on defects and faults. */
export const initialRequest = async (
  context: SessionContext,
  tx: ServerTransaction,
  arrival: Arrival,
): Promise<void> => {
  const session = startSession(context, tx);
  // Bound, not a closure: what a closure in an async function captures outlives the call by seconds (docs/performance.md).
  tx.onCancel = givenUp.bind(undefined, context, session);
  if (arrival.originating) {
    const step = await originate(context, session);
    if (tx.answered) return;
    if (!step.ok) return refuseSession(context, session, 'originating', step);
  }
  if (arrival.nextRoute !== undefined || !isHome(context, session.requestUri)) {
    if (arrival.nextRoute !== undefined || IS_SIP.test(session.requestUri))
      return forwardOn(context, session, arrival);
    return refuseSession(context, session, 'terminating', NO_WAY);
  }
  const step = await terminate(context, session);
  if (tx.answered) return;
  if (!step.ok) return refuseSession(context, session, 'terminating', step);
  forkToDevices(context, session, arrival.ownRoutes, step.value);
};
