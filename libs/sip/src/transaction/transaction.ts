// What the four transaction machines share (RFC 3261 §17): what they are told, whom they tell, and their timers.
// The machines send on a Flow or a ResponsePath and tell one user object; they make no arrays and no promises.
import type { SipTiming } from '../proxy/endpoint.port.js';
import type { SipMessage } from '../message/message.js';
import type { TimerWheel } from './timer-wheel.js';
import type { Flow } from '../transport/transport.port.js';

/** RFC 3261 table 4; the defaults of every endpoint. */
export const DEFAULT_TIMING: SipTiming = Object.freeze({
  t1Ms: 500,
  t2Ms: 4_000,
  t4Ms: 5_000,
  timerCMs: 180_000,
  tryingAfterMs: 200,
});

/** Timers B, F, H, J, L and M: 64 × T1. */
export const TIMEOUT_T1S = 64;

/** Timer D of unreliable transports: at least 32 s whatever our own T1 is (RFC 3261 §17.1.1.2). */
export const TIMER_D_MS = 32_000;

/**
 * When a non-INVITE that is not yet answered gets its 100: the time at which the client's Timer E is reset to T2
 * (RFC 4320 §4.1): 3.5 s with the default timers.
 */
export const nonInviteTryingMs = ({ t1Ms, t2Ms }: SipTiming): number => {
  let atMs = 0;
  for (let intervalMs = t1Ms; intervalMs < t2Ms; intervalMs *= 2) atMs += intervalMs;
  return atMs;
};

/** The endpoint, as its transactions see it. */
export interface TransactionLayer<Transaction> {
  readonly timers: TimerWheel;
  readonly timing: SipTiming;
  /** The transaction is Terminated: take it out of the table. */
  terminated(transaction: Transaction): void;
}

/** Whoever sent a request by a client transaction. */
export interface ClientUser {
  /** The peer can be reached over this flow only (RFC 5626): with the flow, the answer is lost too. */
  readonly boundToFlow: boolean;
  /** A response to pass up: each provisional, the final one, and every 2xx to an INVITE. */
  response(response: SipMessage): void;
  /** No final response will come: 408 for timers B, F and C, 503 when it could not be sent. */
  failed(status: 408 | 503): void;
}

/** A client transaction in the list of those that wait on one connection (transaction-table.ts). */
export interface FlowWaiter {
  readonly flow: Flow;
  nextOnFlow: FlowWaiter | undefined;
  previousOnFlow: FlowWaiter | undefined;
  /** The connection is gone, or the peer cannot be reached. */
  flowClosed(): void;
}

/** Where the responses of one server transaction go (RFC 3261 §18.2.2). */
export interface ResponsePath {
  readonly reliable: boolean;
  send(message: string): void;
}
