// The proxy's decisions for one session: which branches it has, what becomes of their answers, of devices whose flow has died
// and of application servers that do not work (RFC 3261 §16, TS 24.229 §5.4.3). Made by initial-request.ts, one a transaction.
import { type CallEvent, entryOf, isServerFault, type Role } from '#libs/domain';
import { APPLICATION_GONE } from '#libs/drachtio';
import { type Branch, type Edits, H, type ProxyContext, type ProxyUser, type SipMessage } from '#libs/sip';
import { answerFault, replyBackEndFault } from '../faults.js';
import type { Chain } from '../isc/chain.js';
import { Invocation } from '../isc/invocation.js';
import { closeLink, hasReturned } from '../isc/link-state.js';
import { updateRegistration } from '../registrar/update-registration.js';
import { calleeEdits, onwardBranch, routedBranch, serverBranch, toDevice } from './branches.js';
import {
  chargeFinal,
  nextTargetsRung,
  noteCall,
  openingEvents,
  requestRefused,
  terminatingServed,
} from './call-record.js';
import { GroupRinging, type WhyNext } from '../ringing/group-ringing.js';
import { callersStatus } from './in-dialog.js';
import type { RingingPlan } from '../ringing/ringing-plan.js';
import type { Refusal, Session, SessionContext } from './session.js';
import { traceSession } from './session-trace.js';
import type { Target } from '../ringing/targets.js';

/** A branch to one device, to an application server, or (undefined) to the next hop of somebody else's. */
type Label = Target | Invocation | undefined;

/** What rings nobody is answered at once: the caller waits for 32 s, for all groups (RFC 4320). */
const OTHER_RING_MS = 4_000;
/** Reason of a CANCEL for who was given up (RFC 3326). */
const GIVEN_UP = 'SIP;cause=408;text="No answer in time"';

export class SessionProxy implements ProxyUser<Label> {
  #context: ProxyContext<Label> | undefined;
  #asked: Readonly<{ branch: Branch<Label> | undefined; invocation: Invocation }> | undefined;
  #cancelled = false;
  /** The session was answered here: what branches still say changes nothing. */
  #over = false;
  /** Where devices ring group after group. */
  #groups: GroupRinging | undefined;
  /** Who rings on when one has answered, as the caller wants it (RFC 3841 §9.1 `no-cancel`). */
  keepsRinging = false;

  constructor(
    readonly context: SessionContext,
    readonly session: Session,
    /** Takes the session on from where it stands, when a server was passed over. */
    private readonly goOn: (proxy: SessionProxy) => Promise<void>,
  ) {}

  // ---- Where the session goes ----

  /** `plan`: of one group at least. */
  ringDevices({ groups, cancels }: RingingPlan): void {
    const { context, session } = this;
    session.atCallee = true;
    this.keepsRinging = !cancels;
    const [first] = groups;
    noteCall(context.ports, session.icid, [
      ...openingEvents(session),
      terminatingServed(session, session.terminating!, first!),
    ]);
    const proxy = this.#open();
    if (groups.length === 1) this.#fork(first!);
    else this.#ringGroups(groups);
    proxy.release();
  }

  /** To another domain, or along the operator's routes. */
  forwardOn(routes?: readonly string[]): void {
    const { context, session } = this;
    noteCall(context.ports, session.icid, openingEvents(session));
    const { edits, hop } =
      routes === undefined ? onwardBranch(context, session) : routedBranch(context, session, routes);
    const proxy = this.#open();
    proxy.fork(edits, hop, undefined);
    proxy.release();
  }

  /** Sends the request to an application server; `invocation` begins to be waited for. */
  askServer(chain: Chain, route: string, invocation: Invocation): void {
    const { context, session } = this;
    const { token } = invocation;
    const { edits, hop } = serverBranch(context, session, chain, { route, token });
    const proxy = this.#open();
    context.invocations.set(token, invocation);
    const branch = proxy.fork(edits, hop, invocation);
    this.#asked = { branch, invocation };
    if (branch === undefined) this.#forget();
    proxy.release();
  }

  /** Answers the session here. */
  refuse(role: Role, step: Refusal): void {
    const { session } = this;
    const { ports } = this.context;
    this.#over = true;
    if (step.failure !== undefined) replyBackEndFault(session.tx, step.failure, ports);
    else if (this.#context !== undefined) this.#context.reply(step.status, step.reason, step.headers);
    else session.tx.reply(step.status, step.reason, step.headers);
    const served = role === 'originating' ? session.from : session.requestUri;
    noteCall(ports, session.icid, [
      ...openingEvents(session),
      requestRefused(session, role, served, step.status, step.why),
    ]);
    traceSession(ports, session, step.status);
    if (step.failure === undefined) chargeFinal(ports, session, step.status, ports.clock.nowMs());
  }

  /** The caller gave up while profiles were asked for: it is told at once, and what is under way comes to nothing. */
  givenUp(): void {
    const { session } = this;
    const { ports } = this.context;
    this.#over = true;
    session.tx.reply(487, 'Request Terminated');
    noteCall(ports, session.icid, [
      ...openingEvents(session),
      { type: 'CallFailed', data: { status: 487, cancelled: true } },
    ]);
    traceSession(ports, session, 487);
    chargeFinal(ports, session, 487, ports.clock.nowMs());
  }

  /** Nobody waits for the answer any more: whoever rings is cancelled. */
  orphaned(): void {
    const { tx } = this.session;
    this.context.ports.observer.count('leg-orphaned');
    if (this.#context !== undefined) this.#context.reply(487);
    else if (!tx.answered) this.givenUp();
  }

  // ---- What is heard of branches ----

  response(response: SipMessage, edits: Edits): void {
    this.session.timing?.response(response, edits);
  }

  get laterAnswers(): Pick<ProxyUser, 'response'> | undefined {
    return this.session.timing;
  }

  provisional({ label }: Branch<Label>, status: number): void {
    if (label instanceof Invocation) label.hears({ kind: 'provisional', status });
  }

  branchFailed(branch: Branch<Label>, status: number, response: SipMessage | undefined): 'count' | 'retry' {
    const { label } = branch;
    if (label instanceof Invocation) return this.#serverFailed(label, status, response);
    if (label === undefined) return 'count';
    if (status === 430 && this.#triesAnotherFlow(label)) return 'retry';
    if (this.#groups !== undefined) this.#groupRefused(this.#groups, status);
    return 'count';
  }

  readonly chosen = callersStatus;

  cancelled(): void {
    this.#cancelled = true;
  }

  completed(status: number, branch: Branch<Label> | undefined, response: SipMessage | undefined): void {
    this.#forget();
    this.#groups?.stop();
    if (this.#over) return;
    this.#over = true;
    const { session } = this;
    const { ports } = this.context;
    const label = branch?.label;
    const server = label instanceof Invocation ? label : undefined;
    const contact = label === undefined || label instanceof Invocation ? undefined : label.binding.contact;
    const events: CallEvent[] = [];
    if (server !== undefined && !server.failed)
      events.push({ type: 'ServerAnswered', data: { ...server.asked, status, returned: server.returned } });
    // Of a request that came back the transaction that it came back in tells.
    session.toldInside = server?.returned === true;
    if (!session.toldInside)
      events.push(
        status < 300
          ? { type: 'CallAnswered', data: { status, ...(contact === undefined ? {} : { contact }) } }
          : { type: 'CallFailed', data: { status, cancelled: this.#cancelled } },
      );
    noteCall(ports, session.icid, events);
    const refreshS = response === undefined ? undefined : session.timing?.intervalOf(response);
    traceSession(ports, session, status);
    chargeFinal(ports, session, status, ports.clock.nowMs(), refreshS);
  }

  /** For the timer of the server that is asked. */
  overdue(invocation: Invocation): void {
    this.#whileOpen(this.#judgeSilence(invocation));
  }

  // ---- Inside ----

  #open(): ProxyContext<Label> {
    const { session } = this;
    session.tx.onCancel = undefined; // from here on the response context is told
    this.#context ??= this.context.ports.endpoint().proxy<Label>(session.tx, this);
    return this.#context;
  }

  #ring(target: Target, edits: ReturnType<typeof calleeEdits>): boolean {
    return this.#context!.fork(edits, toDevice(edits, target.binding), target) !== undefined;
  }

  /** How many branches came of it; they are sent together, when the context is released. */
  #fork(targets: readonly Target[]): number {
    const common = calleeEdits(this.context, this.session);
    const isOnly = targets.length === 1 && targets[0]!.others.length === 0;
    let forked = 0;
    for (const target of targets) if (this.#ring(target, isOnly ? common : common.copy())) forked++;
    return forked;
  }

  #ringGroups(groups: RingingPlan['groups']): void {
    const { ports, settings } = this.context;
    const fork = (group: readonly Target[], why: WhyNext | undefined): number => {
      const forked = this.#fork(group);
      if (why !== undefined && forked > 0) noteCall(ports, this.session.icid, [nextTargetsRung(group, why)]);
      return forked;
    };
    const { timers } = ports;
    const ringMs = this.session.tx.request.method === 'INVITE' ? settings.forkRingMs : OTHER_RING_MS;
    this.#groups = new GroupRinging({ groups, timers, ringMs, fork, overdue: () => this.#groupSilent() });
    this.#context!.hold();
    this.#groups.next(undefined);
  }

  /** Of the group that rings one has said no; 6xx is a no for all (RFC 3261 §16.7 item 5). */
  #groupRefused(groups: GroupRinging, status: number): void {
    if (!groups.refused() || status >= 600 || this.session.tx.cancelled) return;
    this.#context!.hold();
    groups.next('refused');
    this.#context!.release();
  }

  /** The group that rings has had its time: it is taken back, and what it still says counts only if it is an answer. */
  #groupSilent(): void {
    const context = this.#context!;
    if (this.#over || this.session.tx.cancelled) return;
    context.hold();
    for (const branch of context.branches) if (!branch.ended) context.abandon(branch, GIVEN_UP);
    this.#groups!.next('no-answer');
    context.release();
  }

  #forget(): void {
    const invocation = this.#asked?.invocation;
    if (invocation === undefined) return;
    invocation.stop();
    this.context.invocations.delete(invocation.token);
    this.#asked = undefined;
  }

  #whileOpen(work: Promise<void>): void {
    const { session, context } = this;
    work.catch((error: unknown) => answerFault(session.tx, error, context.ports));
  }

  #serverFailed(server: Invocation, status: number, response: SipMessage | undefined): 'count' | 'retry' {
    if (this.#cancelled || this.session.tx.cancelled) return 'count';
    const verdict = server.hears({ kind: 'failed', status, withdrawn: isWithdrawn(response) });
    const why = response === undefined ? unreachableWords(status) : `it answered ${status}`;
    if (verdict !== 'bypass') {
      if (isServerFault(status) && !server.isResponsive) this.#tellFailed(server, why, status);
      return 'count';
    }
    this.#context!.hold();
    this.#forget();
    this.#whileOpen(this.#passOver(server, why, status));
    return 'retry';
  }

  /** The server said nothing for too long. */
  async #judgeSilence(server: Invocation): Promise<void> {
    // Perhaps it gave the request back, but to another router.
    if (await hasReturned(this.context, server.token)) server.hears({ kind: 'returned' });
    if (this.#asked?.invocation !== server) return;
    const { branch } = this.#asked;
    const context = this.#context!;
    const verdict = server.hears({ kind: 'overdue' });
    const why = 'it gave no sign of life in time';
    if (verdict === 'wait') return;
    if (this.session.tx.cancelled) {
      // Nobody else is asked, and the caller does not wait for what is silent.
      this.#tellFailed(server, why);
      context.reply(487);
    } else if (verdict === 'bypass') {
      context.hold();
      if (branch !== undefined) context.abandon(branch, GIVEN_UP);
      this.#forget();
      await this.#passOver(server, why, 408, true);
    } else if (verdict === 'time-out') {
      this.#tellFailed(server, why);
      context.reply(408);
    }
  }

  async #passOver(server: Invocation, why: string, status: number, wasSilent = false): Promise<void> {
    const { session, context } = this;
    const closed = await closeLink(context, server.token);
    if (session.tx.answered) return;
    if (closed === 'returned') {
      // Another router has the request: what failed is the session, not the server.
      server.hears({ kind: 'returned' });
      return this.#context!.reply(status);
    }
    this.#tellFailed(server, why, wasSilent ? undefined : status);
    context.ports.observer.count('server-passed-over');
    await this.goOn(this);
  }

  #tellFailed(server: Invocation, why: string, status?: number): void {
    const { session } = this;
    const { ports } = this.context;
    server.failed = true;
    ports.observer.fault('application-server');
    const { handling, asked } = server;
    noteCall(ports, session.icid, [
      {
        type: 'ServerFailed',
        data: { ...asked, handling, why, ...(status === undefined ? {} : { status }) },
      },
    ]);
  }

  #triesAnotherFlow(target: Target): boolean {
    this.#flowFailed(target);
    const [next, ...others] = target.others;
    if (next === undefined) return false;
    return this.#ring({ binding: next, others }, calleeEdits(this.context, this.session));
  }

  #flowFailed({ binding: { bindingId, contact } }: Target): void {
    const { ports } = this.context;
    const { callee, icid, terminating } = this.session;
    const entry = callee === undefined ? undefined : entryOf(callee.row, bindingId);
    noteCall(ports, icid, [{ type: 'TargetFlowFailed', data: { bindingId, contact } }]);
    if (entry === undefined || terminating === undefined) return;
    updateRegistration(ports, terminating.served.aor, {
      type: 'RemoveFailedFlow',
      data: { bindingId, upTo: entry.at },
    }).catch((error: unknown) => ports.observer.fault('flow-removal', error));
  }
}

/** The program behind a drachtio port has gone, and nothing of what it had begun is left. */
const isWithdrawn = (response: SipMessage | undefined): boolean =>
  response?.header(H.Reason) === APPLICATION_GONE;

const unreachableWords = (status: number): string =>
  status === 408 ? 'it did not answer' : 'it could not be reached';
