// Non-INVITE client transaction: RFC 3261 §17.1.2 (figure 6). Also carries CANCEL (§9.1).
// Owners: client-branch.ts, endpoint.ts (CANCEL).
import type { SipMessage } from '../message/message.js';
import { TimerNode, type TimerOwner } from './timer-wheel.js';
import type { Indexed } from './transaction-index.js';
import { TIMEOUT_T1S, type ClientUser, type FlowWaiter, type TransactionLayer } from './transaction.js';
import type { Flow } from '../transport/transport.port.js';

export type NonInviteClientState = 'trying' | 'proceeding' | 'completed' | 'terminated';

const TIMER_E = 0;
/** F until the final response, then K. */
const TIMER_LIFE = 1;

export class NonInviteClientTransaction implements FlowWaiter, TimerOwner, Indexed {
  state: NonInviteClientState = 'trying';
  private readonly life = new TimerNode(this, TIMER_LIFE);
  private resend: TimerNode | undefined;
  private intervalMs: number;
  nextOnFlow: FlowWaiter | undefined = undefined;
  previousOnFlow: FlowWaiter | undefined = undefined;
  hash = 0;
  nextInIndex: Indexed | undefined = undefined;

  constructor(
    readonly key: string,
    readonly method: string,
    private request: string,
    readonly flow: Flow,
    /** Let go of with the final answer: it holds the request. */
    private user: ClientUser | undefined,
    private readonly layer: TransactionLayer<NonInviteClientTransaction>,
  ) {
    this.resend = flow.reliable ? undefined : new TimerNode(this, TIMER_E);
    this.intervalMs = layer.timing.t1Ms;
  }

  /** Sends the request: timers first, as an answer may come before `send` returns. */
  start(): void {
    const { timers, timing } = this.layer;
    timers.start(this.life, TIMEOUT_T1S * timing.t1Ms); // F
    if (this.resend) timers.start(this.resend, this.intervalMs); // E
    if (!this.flow.send(this.request)) this.transportError();
  }

  receive(response: SipMessage): void {
    if (this.state !== 'trying' && this.state !== 'proceeding') return;
    if (response.status < 200) {
      this.state = 'proceeding';
      this.intervalMs = this.layer.timing.t2Ms; // the next E goes by T2
      this.user?.response(response);
      return;
    }
    const { user } = this;
    this.state = 'completed';
    this.user = undefined;
    this.request = '';
    if (this.resend) this.layer.timers.stop(this.resend);
    this.resend = undefined;
    if (this.flow.reliable) this.terminate();
    else this.layer.timers.start(this.life, this.layer.timing.t4Ms); // K
    user?.response(response);
  }

  /** The connection is gone, or the peer cannot be reached. */
  flowClosed(): void {
    this.transportError();
  }

  transportError(): void {
    if (this.state === 'trying' || this.state === 'proceeding') this.fail(503);
  }

  timer(kind: number): void {
    if (kind === TIMER_LIFE) {
      if (this.state === 'completed')
        this.terminate(); // K
      else this.fail(408); // F
      return;
    }
    const { timers, timing } = this.layer;
    this.intervalMs = this.state === 'trying' ? Math.min(this.intervalMs * 2, timing.t2Ms) : timing.t2Ms;
    timers.start(this.resend!, this.intervalMs);
    if (!this.flow.send(this.request)) this.transportError();
  }

  private fail(status: 408 | 503): void {
    this.terminate();
    this.user?.failed(status);
  }

  private terminate(): void {
    if (this.state === 'terminated') return;
    this.state = 'terminated';
    this.layer.timers.stop(this.life);
    if (this.resend) this.layer.timers.stop(this.resend);
    this.layer.terminated(this);
  }
}
