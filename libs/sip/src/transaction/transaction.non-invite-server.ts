// Non-INVITE server transaction: RFC 3261 §17.2.2 (figure 8), with RFC 4320: no provisional but 100, that one exactly
// when the client's Timer E has reached T2, never a 408. Over UDP the Completed state is the answer alone, which the
// endpoint keeps for timer J (replay-store.ts): this object ends with the final answer. Owner: server-transaction.ts.
import { TimerNode, type TimerOwner } from './timer-wheel.js';
import type { Flow } from '../transport/transport.port.js';
import type { Indexed } from './transaction-index.js';
import { nonInviteTryingMs, TIMEOUT_T1S, type ResponsePath, type TransactionLayer } from './transaction.js';

export type NonInviteServerState = 'trying' | 'proceeding' | 'completed' | 'terminated';

/** The endpoint, as this machine sees it. */
export interface NonInviteServerLayer extends TransactionLayer<NonInviteServerTransaction> {
  /**
   * The answer is to be replayed to retransmissions for timer J; nothing else of the transaction is needed. '' when none may be
   * sent: what the client sent before it gave up is then absorbed, not taken for a new request.
   */
  completed(transaction: NonInviteServerTransaction, answer: string): void;
}

/** What the machine asks of its owner. */
export interface NonInviteServerUser {
  /** A 100 is due: the owner answers with `respond`. */
  trying(): void;
}

export class NonInviteServerTransaction implements TimerOwner, Indexed {
  state: NonInviteServerState = 'trying';
  /** One node, as only one of them runs at a time: the 100 in Trying, then the client's patience in Proceeding. */
  private readonly life = new TimerNode(this, 0);
  private last = '';
  /** The owner while there is no final answer. */
  owner: NonInviteServerUser | undefined;
  hash = 0;
  nextInIndex: Indexed | undefined = undefined;

  constructor(
    readonly key: string,
    readonly method: string,
    private readonly path: ResponsePath,
    /** Let go of with the final answer: it holds the request. */
    user: NonInviteServerUser,
    private readonly layer: NonInviteServerLayer,
    /** Where the request came from: who may have the answer again. */
    readonly source?: Flow,
  ) {
    this.owner = user;
  }

  start(): void {
    this.layer.timers.start(this.life, nonInviteTryingMs(this.layer.timing));
  }

  /** A response from the user. Ignored where the figure has no arrow, and where RFC 4320 forbids it. */
  respond(status: number, message: string): void {
    if (this.state !== 'trying' && this.state !== 'proceeding') return;
    if (status < 200) {
      if (status !== 100 || this.state === 'proceeding') return;
      this.state = 'proceeding';
      this.last = message;
      this.path.send(message);
      return;
    }
    if (status === 408) return this.giveUp();
    this.owner = undefined;
    if (this.path.reliable) this.terminate();
    else {
      this.state = 'completed';
      this.layer.timers.stop(this.life);
    }
    this.path.send(message);
    if (this.state === 'completed') this.layer.completed(this, message); // J
  }

  /** The same request again, before the final answer. */
  retransmission(): void {
    if (this.last !== '') this.path.send(this.last);
  }

  timer(_kind: number): void {
    if (this.state !== 'trying') return this.giveUp(); // the client has, and no answer may be sent
    const { timers, timing } = this.layer;
    timers.start(this.life, TIMEOUT_T1S * timing.t1Ms - nonInviteTryingMs(timing));
    this.owner?.trying();
  }

  /** Without an answer (RFC 4320 §4.2). */
  private giveUp(): void {
    if (this.path.reliable) return this.terminate();
    this.state = 'terminated';
    this.layer.timers.stop(this.life);
    this.layer.completed(this, '');
  }

  private terminate(): void {
    if (this.state === 'terminated') return;
    this.state = 'terminated';
    this.layer.timers.stop(this.life);
    this.layer.terminated(this);
  }
}
