// INVITE client transaction: RFC 3261 §17.1.1 (figure 5), the Accepted state and timer M of RFC 6026 §7.2, CANCEL by
// §9.1 and the proxy's timer C by §16.8, which is what bounds Proceeding. Owner: client-branch.ts.
import { makeAck } from './derived-request.js';
import type { SipMessage } from '../message/message.js';
import { TimerNode, type TimerOwner } from './timer-wheel.js';
import type { Indexed } from './transaction-index.js';
import {
  TIMEOUT_T1S,
  TIMER_D_MS,
  type ClientUser,
  type FlowWaiter,
  type TransactionLayer,
} from './transaction.js';
import type { Flow } from '../transport/transport.port.js';

export type InviteClientState = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

/** Sends the CANCEL of an INVITE as a transaction of its own. */
export interface InviteClientLayer extends TransactionLayer<InviteClientTransaction> {
  sendCancel(invite: InviteClientTransaction, reason: string): void;
}

const TIMER_A = 0;
/** One node, as only one of them runs at a time: B in Calling, C in Proceeding, 64 × T1 after CANCEL, then D or M. */
const TIMER_LIFE = 1;

export class InviteClientTransaction implements FlowWaiter, TimerOwner, Indexed {
  readonly method = 'INVITE';
  state: InviteClientState = 'calling';
  private readonly life = new TimerNode(this, TIMER_LIFE);
  private resend: TimerNode | undefined;
  private intervalMs: number;
  nextOnFlow: FlowWaiter | undefined = undefined;
  previousOnFlow: FlowWaiter | undefined = undefined;
  hash = 0;
  nextInIndex: Indexed | undefined = undefined;
  private ack = '';
  /** Reason of a CANCEL that is wanted: waits for a provisional in Calling, has been sent in Proceeding. */
  private cancelReason: string | undefined;
  private timedOut = false;

  constructor(
    readonly key: string,
    /** As sent; '' once nothing is to be made of it any more. */
    public request: string,
    readonly flow: Flow,
    private user: ClientUser,
    private readonly layer: InviteClientLayer,
  ) {
    this.resend = flow.reliable ? undefined : new TimerNode(this, TIMER_A);
    this.intervalMs = layer.timing.t1Ms;
  }

  /** Sends the INVITE: timers first, as an answer may come before `send` returns. */
  start(): void {
    this.layer.timers.start(this.life, this.timeoutMs); // B
    if (this.resend) this.layer.timers.start(this.resend, this.intervalMs); // A
    if (!this.flow.send(this.request)) this.transportError();
  }

  receive(response: SipMessage): void {
    switch (this.state) {
      case 'calling':
      case 'proceeding':
        if (response.status < 200) return this.provisional(response);
        if (response.status < 300) return this.accept(response);
        return this.complete(response);
      case 'completed':
        if (response.status >= 300) this.acknowledge();
        return;
      case 'accepted':
        if (response.status >= 200 && response.status < 300) this.user.response(response);
        return;
      case 'terminated':
        return;
    }
  }

  /** Somebody else takes what still comes: in Accepted, which lasts long, one who holds little. */
  handOver(user: ClientUser): void {
    this.user = user;
  }

  /** Wants the INVITE cancelled: at once after a provisional, else as soon as one comes (§9.1). */
  cancel(reason: string): void {
    if (this.cancelReason !== undefined) return;
    if (this.state !== 'calling' && this.state !== 'proceeding') return;
    this.cancelReason = reason;
    if (this.state === 'proceeding') this.sendCancel(reason);
  }

  /** The connection is gone. Who rings may still answer on another, unless it can be reached by this one only. */
  flowClosed(): void {
    if (this.state !== 'proceeding' || this.user.boundToFlow) this.transportError();
  }

  /** The peer cannot be reached. After an answer nothing is owed any more. */
  transportError(): void {
    if (this.state === 'calling' || this.state === 'proceeding') this.fail(503);
    else if (this.state === 'completed') this.terminate();
  }

  timer(kind: number): void {
    if (kind === TIMER_A) {
      this.intervalMs *= 2;
      this.layer.timers.start(this.resend!, this.intervalMs);
      if (!this.flow.send(this.request)) this.transportError();
      return;
    }
    if (this.state === 'calling') return this.fail(408); // B
    if (this.state !== 'proceeding') return this.terminate(); // D, M
    if (this.cancelReason !== undefined) return this.fail(408); // nothing 64 × T1 after the CANCEL (§9.1)
    this.timedOut = true; // C
    this.cancel('SIP;cause=408');
  }

  private get timeoutMs(): number {
    return TIMEOUT_T1S * this.layer.timing.t1Ms;
  }

  private provisional(response: SipMessage): void {
    const { timers, timing } = this.layer;
    const wasCalling = this.state === 'calling';
    this.state = 'proceeding';
    if (wasCalling) {
      if (this.resend) timers.stop(this.resend);
      if (this.cancelReason !== undefined) this.sendCancel(this.cancelReason);
      else timers.start(this.life, timing.timerCMs);
    } else if (response.status > 100 && this.cancelReason === undefined) {
      timers.start(this.life, timing.timerCMs); // §16.7 item 2
    }
    this.user.response(response);
  }

  private sendCancel(reason: string): void {
    this.layer.timers.start(this.life, this.timeoutMs);
    this.layer.sendCancel(this, reason);
  }

  private accept(response: SipMessage): void {
    this.state = 'accepted';
    if (this.resend) this.layer.timers.stop(this.resend);
    this.resend = undefined;
    this.request = '';
    this.layer.timers.start(this.life, this.timeoutMs); // M
    this.user.response(response);
  }

  private complete(response: SipMessage): void {
    this.state = 'completed';
    if (this.resend) this.layer.timers.stop(this.resend);
    this.ack = makeAck(this.request, response);
    this.request = '';
    this.acknowledge();
    if (this.flow.reliable) this.terminate();
    else this.layer.timers.start(this.life, TIMER_D_MS); // D
    // What our own CANCEL brought about is the timer's doing, not the callee's (§16.8).
    if (this.timedOut && response.status === 487) this.user.failed(408);
    else this.user.response(response);
  }

  private acknowledge(): void {
    if (this.ack !== '') this.flow.send(this.ack);
  }

  private fail(status: 408 | 503): void {
    this.terminate();
    this.user.failed(status);
  }

  private terminate(): void {
    if (this.state === 'terminated') return;
    this.state = 'terminated';
    this.layer.timers.stop(this.life);
    if (this.resend) this.layer.timers.stop(this.resend);
    this.layer.terminated(this);
  }
}
