// A request and its answers between two engines of one process: what a client and a server transaction are together when
// nothing between them is doubled, late or lost without a word (a full queue says so). So there is no retransmission, no ACK
// of a failure, no branch to look up and nothing to wait for after the final answer; what is left of RFC 3261 §17 are its
// time-outs, and of RFC 6026 that every 2xx to an INVITE passes. Made by client-branch.ts, taken by endpoint.ts, carried by memory-hub.ts.
import { makeCancel } from './derived-request.js';
import type { SipMessage } from '../message/message.js';
import { TimerNode, type TimerOwner } from './timer-wheel.js';
import { TIMEOUT_T1S, type ClientUser, type FlowWaiter, type TransactionLayer } from './transaction.js';
import type { JoinedFlow } from '../transport/transport.port.js';

/** As the client's transactions: 'accepted' after a 2xx to an INVITE, as more may follow. */
export type ExchangeState = 'calling' | 'proceeding' | 'accepted' | 'terminated';

/** Who is to answer. */
export interface ExchangeOwner {
  /** The request was given up: a context that has lost it is ended. */
  unanswered(): boolean;
  cancel(cancel: SipMessage): void;
}

/** The engine of who answers. */
export interface AnsweringLayer {
  /** A final answer was given, or none is wanted any more. */
  exchangeOver(): void;
  readonly counters: { responsesLost: number };
}

export class Exchange implements FlowWaiter, TimerOwner {
  state: ExchangeState = 'calling';
  nextOnFlow: FlowWaiter | undefined = undefined;
  previousOnFlow: FlowWaiter | undefined = undefined;
  /** While there is no final answer. */
  owner: ExchangeOwner | undefined = undefined;
  private readonly life = new TimerNode(this, 0);
  private answering: AnsweringLayer | undefined = undefined;
  private back: JoinedFlow | undefined = undefined;
  private cancelReason: string | undefined = undefined;
  /** How often in a row the CANCEL found no room. */
  private cancelRefused = 0;
  private timedOut = false;

  constructor(
    /** Of the branch in our Via, which every answer must carry on top (RFC 3261 §18.1.2). */
    readonly token: string,
    readonly method: string,
    /** As sent; '' once nothing is to be made of it any more. */
    private request: SipMessage | string,
    readonly flow: JoinedFlow,
    private user: ClientUser,
    private readonly layer: TransactionLayer<Exchange>,
  ) {}

  // ---- The client's side ----

  start(): void {
    this.layer.timers.start(this.life, this.isInvite ? this.guardMs : this.timeoutMs);
    if (!this.flow.sendWithin(this.request, this)) this.fail(503);
  }

  receive(response: SipMessage): void {
    const { status } = response;
    if (this.state === 'accepted') {
      if (status >= 200 && status < 300) this.user.response(response);
      return;
    }
    if (this.state === 'terminated') return;
    if (status < 200) {
      this.state = 'proceeding';
      if (this.isInvite && this.cancelReason === undefined) this.layer.timers.start(this.life, this.guardMs); // §16.7 item 2
      return this.user.response(response);
    }
    this.end(this.isInvite && status < 300 ? 'accepted' : 'terminated');
    // What our own CANCEL brought about is the timer's doing, not the callee's (§16.8).
    if (this.timedOut && status === 487) this.user.failed(408);
    else this.user.response(response);
  }

  /** Somebody else takes what still comes after the 2xx: one who holds little. */
  handOver(user: ClientUser): void {
    this.user = user;
  }

  /** The request is at the other end before this can be: no provisional need be waited for (§9.1). */
  cancel(reason: string): void {
    if (this.cancelReason !== undefined || !this.isOpen || !this.isInvite) return;
    this.cancelReason = reason;
    this.tellCancel(reason);
  }

  /** A CANCEL that finds no room is told again after T1, at most TIMEOUT_T1S times. */
  private tellCancel(reason: string): void {
    const { timers, timing } = this.layer;
    const text = makeCancel(textOf(this.request), reason);
    this.cancelRefused = text === '' || this.flow.sendWithin(text, this) ? 0 : this.cancelRefused + 1;
    timers.start(this.life, this.isCancelWaiting ? timing.t1Ms : this.timeoutMs);
  }

  private get isCancelWaiting(): boolean {
    return this.cancelRefused > 0 && this.cancelRefused < TIMEOUT_T1S;
  }

  /** The other engine has left. */
  flowClosed(): void {
    this.broken();
  }

  /** The final answer cannot be read or could not be sent, or nothing can come any more. */
  broken(): void {
    if (this.isOpen) this.fail(503);
  }

  /** Whoever answers has had the request: nobody else may be given it. */
  get wasTaken(): boolean {
    return this.answering !== undefined;
  }

  timer(_kind: number): void {
    if (this.isCancelWaiting) return this.tellCancel(this.cancelReason!);
    if (!this.isInvite || this.cancelReason !== undefined) return this.fail(408); // F, or 64 × T1 after CANCEL (§9.1)
    // Whoever has lost the request answers now; else the branches beyond have not kept to their timer C.
    if (this.owner?.unanswered() === false) return;
    this.timedOut = true;
    this.cancel('SIP;cause=408');
  }

  private get timeoutMs(): number {
    return TIMEOUT_T1S * this.layer.timing.t1Ms; // B and F
  }

  /** Timer C is that of the branch that leaves the process, with its CANCEL and what that may take; this is for defects. */
  private get guardMs(): number {
    return this.layer.timing.timerCMs + this.timeoutMs + this.layer.timing.t2Ms;
  }

  private get isInvite(): boolean {
    return this.method === 'INVITE';
  }

  private get isOpen(): boolean {
    return this.state === 'calling' || this.state === 'proceeding';
  }

  private fail(status: 408 | 503): void {
    const { owner } = this;
    this.end('terminated');
    this.user.failed(status);
    // Who is at work on an INVITE ends that by itself; anybody else owes nothing any more.
    if (!this.isInvite || owner?.unanswered() !== true) this.answered();
  }

  private end(state: 'accepted' | 'terminated'): void {
    this.state = state;
    this.request = '';
    this.layer.timers.stop(this.life);
    this.layer.terminated(this);
  }

  // ---- The answering side ----

  /** Whoever took the request answers by `respond`, on this flow of its own. */
  takenBy(owner: ExchangeOwner, flow: JoinedFlow, layer: AnsweringLayer): this {
    this.owner = owner;
    this.back = flow;
    this.answering = layer;
    return this;
  }

  /** A response from the user. 100 is hop by hop, and a 408 to a non-INVITE is not sent (RFC 4320 §4.2). */
  respond(status: number, message: SipMessage | string): void {
    const isFirst = this.owner !== undefined;
    if (status >= 200 && isFirst) this.answered();
    else if (!isFirst && !(this.isInvite && status >= 200 && status < 300)) return;
    if (this.state === 'terminated' || status === 100 || (status === 408 && !this.isInvite)) return;
    if (this.back?.sendWithin(message, this) === true) return;
    if (this.answering !== undefined) this.answering.counters.responsesLost++;
    if (status >= 200) queueMicrotask(() => this.broken());
  }

  private answered(): void {
    if (this.owner === undefined) return;
    this.owner = undefined;
    this.answering?.exchangeOver();
  }
}

export const textOf = (message: SipMessage | string): string =>
  typeof message === 'string' ? message : message.raw;
