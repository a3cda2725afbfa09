// The response context of a transaction-stateful proxy: branches out, one final answer back.
// RFC 3261 §16.6–16.10; RFC 4320 (non-INVITE); RFC 5393 §5 (Max-Breadth); RFC 3326 (Reason of a CANCEL).
// Made by endpoint.ts for bono and sprout, whose policy is the ProxyUser.
import type { Random } from '#libs/runtime';
import { bestFailure, mergeChallenges, type Failure } from './best-response.js';
import { ClientBranch, type BranchOwner, type ClientLayer } from '../transaction/client-branch.js';
import { detached } from '../message/detached.js';
import { Edits } from '../message/edits.js';
import type { ForkOptions, NextHop, ProxyContext, ProxyUser } from './endpoint.port.js';
import { H } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';
import { retryAfter } from '../transaction/reply.js';
import { TimerNode, type TimerOwner } from '../transaction/timer-wheel.js';
import { TIMEOUT_T1S, type ClientUser } from '../transaction/transaction.js';
import type { PendingRequest, ServerMachine } from '../transaction/server-transaction.js';

/** Branches of one request over its whole life; beyond, `fork` makes none. */
export const BRANCHES_MAX = 10;
const MAX_FORWARDS = 70;
const NO_FAILURES: readonly never[] = [];
/** Reason of the CANCEL to who rings when another one has answered (RFC 3326). */
const ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';
/** RFC 5393 §5.3.3: the value added, and the most that is believed. */
const BREADTH_MAX = 60;

export interface ProxyLayer extends ClientLayer {
  readonly random: Random;
  readonly branchesMax: number;
  /** An exception of the user's. */
  defect(error: unknown): void;
}

export class Proxy<L> implements ProxyContext<L>, BranchOwner<L>, TimerOwner {
  readonly branches: ClientBranch<L>[] = [];
  private failures: readonly Failure<L>[] = NO_FAILURES;
  /** Forked, not sent: until the call stack ends, or until Max-Breadth allows. */
  private waiting: ClientBranch<L>[] = [];
  private sealed = false;
  private sealing = false;
  /** A final answer went upstream, or none can any more. */
  private done = false;
  /** That answer was a 2xx. */
  private accepted = false;
  /** No more branches: the caller cancelled, or a 6xx came. */
  private closed = false;
  /** The user is being asked about a failed branch: what it forks counts before the answer is chosen. */
  private deciding = 0;
  /** The user looks for what takes the place of a branch. */
  private held = false;
  private hash = '';
  /** The Vias that came, when nobody downstream is to see them. */
  private hiddenVias: readonly string[] | undefined;

  constructor(
    readonly server: PendingRequest,
    private readonly user: ProxyUser<L>,
    private readonly layer: ProxyLayer,
  ) {
    server.context = this;
    if (server.answered || server.ended) this.done = true;
    else if (server.cancelled) this.closed = true;
  }

  fork(edits: Edits, hop: NextHop, label: L, options?: ForkOptions): ClientBranch<L> | undefined {
    if (!this.isOpen || this.closed || this.branches.length >= this.layer.branchesMax) return undefined;
    const { request, source, flow } = this.server;
    if (source !== undefined) edits.viaReceived(source.address, source.port);
    if (options?.hideVias === true) this.hideVias(edits);
    if (!request.has(H.MaxForwards)) edits.replace(H.MaxForwards, String(MAX_FORWARDS));
    else if (options?.lowerMaxForwards !== false)
      edits.replace(H.MaxForwards, String(maxForwards(request) - 1));
    if (this.hash === '') this.hash = this.layer.branchIds.hash(request, flow.listener);

    const branch = new ClientBranch(label, edits, hop, this.hash, this, this.layer);
    this.branches.push(branch);
    this.waiting.push(branch);
    if (this.sealed) this.sendWaiting();
    else if (!this.sealing) this.sealLater();
    return branch;
  }

  /** Answers may come for as long as timer M after the request is gone: copies. */
  private hideVias(edits: Edits): void {
    const vias = edits.takeAll(H.Via);
    this.hiddenVias ??= vias.map(detached);
  }

  cancelBranches(reason = '', except?: ClientBranch<L>): void {
    this.cancelOthers(reason, except);
    // What was never sent has ended without a word; the caller may fork or reply first.
    if (!this.done && this.allEnded) queueMicrotask(() => this.answerIfAllEnded());
  }

  abandon(branch: ClientBranch<L>, reason = ''): void {
    branch.abandoned = true;
    branch.cancel(reason);
    if (!this.done && this.allEnded) queueMicrotask(() => this.answerIfAllEnded());
  }

  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
    this.seal();
  }

  seal(): void {
    this.sealing = true;
    this.sealed = true;
    this.sendWaiting();
    this.answerIfAllEnded();
  }

  reply(status: number, reason?: string, headers?: string, body?: string): void {
    if (this.done) return;
    if (status < 200) return this.server.reply(status, reason, headers, body);
    this.done = true;
    this.cancelOthers('');
    this.server.reply(status, reason, headers, body);
    this.complete(status, undefined, undefined);
  }

  /** The end of the call stack that made the context. One without branches waits for the first, or for `seal`. */
  endOfStack(): void {
    this.sealing = false;
    if (this.branches.length > 0 || this.closed) this.seal();
  }

  /** `inEngine`: the engine will call `endOfStack`. */
  begin(inEngine: boolean): void {
    if (inEngine) this.sealing = true;
    else if (this.closed) this.sealLater();
  }

  get busy(): boolean {
    return !this.done && (this.held || !this.allEnded);
  }

  /** A client that waits for a non-INVITE gives up when our own attempt does (RFC 4320): no second one then. */
  wantsRetry(status: 408 | 503): boolean {
    return this.isOpen && (status === 503 || this.isInvite);
  }

  private get isOpen(): boolean {
    return !this.done && !this.server.answered && !this.server.ended;
  }

  branchResponse(branch: ClientBranch<L>, response: SipMessage): void {
    const { status } = response;
    if (status < 200) {
      this.tellProvisional(branch, status);
      // 100 is hop by hop; of a non-INVITE no other provisional may be sent (RFC 4320 §4.1).
      if (status > 100 && !this.done && !branch.abandoned && this.isInvite)
        this.forward(branch, response, status);
    } else if (status < 300) this.succeeded(branch, response);
    else this.ended(branch, status, response);
  }

  branchFailed(branch: ClientBranch<L>, status: 408 | 503): void {
    this.ended(branch, status, undefined);
  }

  lateAnswers(): ClientUser | undefined {
    return this.accepted
      ? new LateAnswers(this.server.machine, this.user, this.layer, this.hiddenVias)
      : undefined;
  }

  private get isInvite(): boolean {
    return this.server.request.method === 'INVITE';
  }

  private get allEnded(): boolean {
    for (const branch of this.branches) if (!branch.ended && !branch.abandoned) return false;
    return true;
  }

  private sealLater(): void {
    this.sealing = true;
    queueMicrotask(() => this.endOfStack());
  }

  /** Divides what is left of Max-Breadth among the waiting branches; without any, they wait for others to end. */
  private sendWaiting(): void {
    if (this.waiting.length === 0 || this.held) return;
    const { request } = this.server;
    const stated = request.header(H.MaxBreadth);
    let left = stated === undefined ? BREADTH_MAX : breadthOf(stated);
    for (const branch of this.branches) if (!branch.ended && !branch.cancelled) left -= branch.breadth;
    while (this.waiting.length > 0 && left > 0 && !this.done && !this.closed) {
      const branch = this.waiting.shift()!;
      branch.breadth = Math.max(1, Math.floor(left / (this.waiting.length + 1)));
      left -= branch.breadth;
      branch.limitBreadth(stated);
      branch.start();
    }
  }

  private cancelOthers(reason: string, except?: ClientBranch<L>): void {
    if (this.waiting.length > 0) this.waiting = this.waiting.filter((branch) => branch === except);
    for (const branch of this.branches) if (branch !== except) branch.cancel(reason);
  }

  /** The server transaction's word that a CANCEL came. */
  callerCancelled(cancel: SipMessage): void {
    if (this.done) return;
    this.closed = true;
    this.sealed = true;
    this.cancelOthers(cancel.header(H.Reason) ?? '');
    try {
      this.user.cancelled?.(cancel);
    } catch (error) {
      this.layer.defect(error);
    }
    this.answerIfAllEnded();
  }

  private succeeded(branch: ClientBranch<L>, response: SipMessage): void {
    const { status } = response;
    if (this.done) {
      // Every 2xx to an INVITE goes upstream, but none after another final answer (§16.7 item 5).
      if (this.accepted && this.isInvite) this.forward(branch, response, status);
      return;
    }
    this.done = true;
    const sent = this.forward(branch, response, status);
    this.accepted = sent === status;
    if (this.user.keepsRinging === true) this.ringOn();
    else this.cancelOthers(ELSEWHERE, branch);
    this.complete(sent, branch, response);
  }

  /** Who has not answered may, as long as it could be passed on (timer L, RFC 6026 §7.1). */
  private ringOn(): void {
    const { timers, timing } = this.layer;
    if (!this.allEnded) timers.start(new TimerNode(this, 0), TIMEOUT_T1S * timing.t1Ms);
  }

  timer(): void {
    this.cancelOthers(ELSEWHERE);
  }

  private ended(branch: ClientBranch<L>, status: number, response: SipMessage | undefined): void {
    if (this.done || branch.abandoned) return;
    if (this.askUser(branch, status, response) === 'count') {
      this.failures = [...this.failures, { branch, status, response }];
      if (status >= 600 && !this.done) {
        this.closed = true;
        this.cancelOthers(`SIP;cause=${status}`, branch);
      }
    }
    this.sendWaiting();
    this.answerIfAllEnded();
  }

  private tellProvisional(branch: ClientBranch<L>, status: number): void {
    try {
      this.user.provisional?.(branch, status);
    } catch (error) {
      this.layer.defect(error);
    }
  }

  private askUser(branch: ClientBranch<L>, status: number, response?: SipMessage): 'count' | 'retry' {
    this.deciding++;
    try {
      return this.user.branchFailed?.(branch, status, response) ?? 'count';
    } catch (error) {
      this.layer.defect(error);
      return 'count';
    } finally {
      this.deciding--;
    }
  }

  private answerIfAllEnded(): void {
    if (this.done || this.deciding > 0 || !this.sealed || (this.held && !this.closed)) return;
    if ((this.waiting.length > 0 && !this.closed) || !this.allEnded) return;
    const { server, failures } = this;
    const best = bestFailure(failures, server.cancelled);
    // No branch at all: §16.5; none that answered: §16.7 item 6, or what the CANCEL asked for.
    let status = best?.status ?? (this.branches.length === 0 ? 480 : 408);
    if (server.cancelled && best?.response === undefined) status = 487;
    if (status === 503) status = 500; // 503 would say that this node takes no work (§16.7 item 6)

    const wanted = this.choose(status, best?.response);
    if (this.hasAnswered()) return;
    this.done = true;
    if (wanted === status && best?.response !== undefined && status === best.status) {
      this.complete(this.forward(best.branch, best.response, status), best.branch, best.response);
      return;
    }
    server.reply(wanted, undefined, wanted === 500 ? retryAfter(this.layer.random) : '');
    this.complete(wanted, best?.branch, wanted === status ? best?.response : undefined);
  }

  private choose(status: number, response: SipMessage | undefined): number {
    try {
      return this.user.chosen?.(status, response) ?? status;
    } catch (error) {
      this.layer.defect(error);
      return 500;
    }
  }

  private complete(status: number, branch: ClientBranch<L> | undefined, response?: SipMessage): void {
    try {
      this.user.completed?.(status, branch, response);
    } catch (error) {
      this.layer.defect(error);
    }
  }

  /** For after a call of the user, which may have answered. */
  private hasAnswered(): boolean {
    return this.done;
  }

  /** The status that went upstream: 500 for a final response that cannot be passed on. */
  private forward(branch: ClientBranch<L>, response: SipMessage, status: number): number {
    const edits = forUpstream(response, this.hiddenVias);
    if (edits === undefined) return this.replyInstead(status);
    try {
      this.user.response?.(response, edits);
      if (status >= 300) mergeChallenges({ branch, status, response }, this.failures, edits);
    } catch (error) {
      this.layer.defect(error);
      return this.replyInstead(status);
    }
    this.server.forward(status, this.server.isJoined ? edits.readyMade() : edits.render());
    return status;
  }

  private replyInstead(status: number): number {
    if (status >= 200) this.server.reply(500, undefined, retryAfter(this.layer.random));
    return 500;
  }
}

/**
 * What is left of the response context of an accepted INVITE: further 2xx go upstream (RFC 6026 §7.2). It lives for timer M,
 * so it lets go of the request and of a user that has nothing to say to responses.
 */
class LateAnswers implements ClientUser {
  readonly boundToFlow = false;
  private readonly user: Pick<ProxyUser, 'response'> | undefined;

  constructor(
    private readonly machine: ServerMachine,
    user: Pick<ProxyUser, 'response' | 'laterAnswers'>,
    private readonly layer: Pick<ProxyLayer, 'defect'>,
    private readonly hiddenVias: readonly string[] | undefined,
  ) {
    const later = 'laterAnswers' in user ? user.laterAnswers : user;
    this.user = later?.response === undefined ? undefined : later;
  }

  response(response: SipMessage): void {
    const { status } = response;
    const edits = status < 200 || status >= 300 ? undefined : forUpstream(response, this.hiddenVias);
    if (edits === undefined) return;
    try {
      this.user?.response?.(response, edits);
    } catch (error) {
      return this.layer.defect(error);
    }
    this.machine.respond(status, edits.render());
  }

  failed(): void {}
}

/** Parsed and bounded by parseMessage. */
const maxForwards = (request: SipMessage): number => Number(request.header(H.MaxForwards));

/** What is no positive number is taken for the least. */
const breadthOf = (stated: string): number =>
  Math.min(BREADTH_MAX, Math.max(1, Number.parseInt(stated, 10) || 1));

/** The response without our Via; undefined when no other is there: it is for nobody upstream (RFC 3261 §16.7 item 3). */
const forUpstream = (response: SipMessage, hiddenVias: readonly string[] | undefined): Edits | undefined => {
  if (hiddenVias !== undefined) {
    const edits = new Edits(response);
    edits.replaceAll(H.Via, hiddenVias);
    return edits;
  }
  const line = response.findLine(H.Via);
  if (response.findLine(H.Via, line + 1) < 0 && !response.lineValue(line).includes(',')) return undefined;
  const edits = new Edits(response);
  edits.popValue(H.Via);
  return edits;
};
