// INVITE server transaction: RFC 3261 §17.2.1 (figure 7) with the Accepted state and timer L of RFC 6026 §7.1, which
// also keeps the state after transport errors. Owner: server-transaction.ts.
import type { SipMessage } from '../message/message.js';
import { TimerNode, type TimerOwner } from './timer-wheel.js';
import type { Indexed } from './transaction-index.js';
import { TIMEOUT_T1S, type ResponsePath, type TransactionLayer } from './transaction.js';
import type { Flow } from '../transport/transport.port.js';

export type InviteServerState = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

/** What the machine asks of its owner. */
export interface InviteServerUser {
  /** A 100 is due: the owner answers with `respond`. */
  trying(): void;
  /** Nothing was answered for timer C: true when the request is still being worked on, else the owner answers. */
  unanswered(): boolean;
  cancel(cancel: SipMessage): void;
  /** Whoever sent the INVITE has ended. */
  orphaned(): void;
  /** Where the INVITE came from. */
  readonly flow: Flow;
  /** Of every answer made here. */
  readonly toTag: string;
}

/** Trying in Proceeding, G in Completed. */
const TIMER_STEP = 0;
/** One node, as only one of them runs at a time: the guard in Proceeding, then H, I or L. */
const TIMER_LIFE = 1;

export class InviteServerTransaction implements TimerOwner, Indexed {
  readonly method = 'INVITE';
  state: InviteServerState = 'proceeding';
  private step: TimerNode | undefined;
  private readonly life = new TimerNode(this, TIMER_LIFE);
  private intervalMs = 0;
  private last = '';
  /** The owner while there is no final answer. */
  owner: InviteServerUser | undefined;
  hash = 0;
  nextInIndex: Indexed | undefined = undefined;

  constructor(
    readonly key: string,
    private readonly path: ResponsePath,
    /** Let go of with the final answer: it holds the request. */
    user: InviteServerUser,
    private readonly layer: TransactionLayer<InviteServerTransaction>,
  ) {
    this.owner = user;
  }

  /** 100 at once over UDP; elsewhere only if nothing else is sent for a while. */
  start(): void {
    const { timers, timing } = this.layer;
    timers.start(this.life, timing.timerCMs);
    if (this.path.reliable) this.startStep(timing.tryingAfterMs);
    else this.owner?.trying();
  }

  /** A response from the user. Ignored where the figure has no arrow. */
  respond(status: number, message: string): void {
    if (this.state === 'accepted') {
      if (status >= 200 && status < 300) this.path.send(message);
      return;
    }
    if (this.state !== 'proceeding') return;
    const { timers } = this.layer;
    this.stopStep();
    this.last = message;
    if (status >= 200) this.owner = undefined;
    if (status >= 300) this.complete();
    else if (status >= 200) {
      this.state = 'accepted';
      this.last = '';
      timers.start(this.life, this.timeoutMs); // L
    }
    this.path.send(message);
  }

  /** The same INVITE again. */
  retransmission(): void {
    if (this.state === 'proceeding' || this.state === 'completed') {
      if (this.last !== '') this.path.send(this.last);
    }
  }

  /** An ACK that matched. True: it is the user's (the 2xx was sent), false: it ended here. */
  ack(): boolean {
    if (this.state === 'accepted') return true;
    if (this.state !== 'completed') return false;
    this.state = 'confirmed';
    this.stopStep();
    if (this.path.reliable) this.terminate();
    else this.layer.timers.start(this.life, this.layer.timing.t4Ms); // I
    return false;
  }

  timer(kind: number): void {
    const { timers, timing } = this.layer;
    if (kind === TIMER_LIFE) {
      if (this.state !== 'proceeding')
        this.terminate(); // H, I, L
      else if (this.owner?.unanswered()) timers.start(this.life, timing.timerCMs);
      return;
    }
    if (this.state === 'proceeding') return this.owner?.trying();
    this.intervalMs = Math.min(this.intervalMs * 2, timing.t2Ms);
    this.startStep(this.intervalMs);
    this.path.send(this.last);
  }

  private get timeoutMs(): number {
    return TIMEOUT_T1S * this.layer.timing.t1Ms;
  }

  private startStep(delayMs: number): void {
    this.step ??= new TimerNode(this, TIMER_STEP);
    this.layer.timers.start(this.step, delayMs);
  }

  /** It is made anew when it is needed: Accepted lasts long and needs none. */
  private stopStep(): void {
    if (this.step !== undefined) this.layer.timers.stop(this.step);
    this.step = undefined;
  }

  private complete(): void {
    const { timers, timing } = this.layer;
    this.state = 'completed';
    timers.start(this.life, this.timeoutMs); // H
    if (this.path.reliable) return;
    this.intervalMs = timing.t1Ms;
    this.startStep(this.intervalMs); // G
  }

  private terminate(): void {
    if (this.state === 'terminated') return;
    this.state = 'terminated';
    this.layer.timers.stop(this.life);
    this.stopStep();
    this.layer.terminated(this);
  }
}
