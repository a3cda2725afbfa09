// What an endpoint is made of and how it is bounded. Reader: endpoint.ts; writers: bono, sprout, tests.
import type { Random } from '#libs/runtime';
import type { DrainAdmission } from './drain-gate.js';
import type { EndpointCounters } from './endpoint.counters.js';
import type { Endpoint, EndpointUser, SipTiming } from './endpoint.port.js';
import type { SipMessage } from '../message/message.js';
import type { TimerWheel } from '../transaction/timer-wheel.js';
import type { Flow, Resolver, TransportReceiver, Transports } from '../transport/transport.port.js';

/** Live transactions of one endpoint; at the bound new requests get 503 with Retry-After, ACK and CANCEL pass. */
export const TRANSACTIONS_MAX = 400_000;

export type EndpointLimits = Readonly<{
  transactionsMax: number;
  branchesMax: number;
  /** Of answers to non-INVITEs, kept for retransmissions (replay-store.ts). */
  replayBytesMax: number;
}>;

/** Other processes on the same ports: what finds nothing here may be theirs. True: it was handed on, and is done with here. */
export interface Elsewhere {
  response(response: SipMessage, flow: Flow): boolean;
  cancel(cancel: SipMessage, flow: Flow): boolean;
}

export type EndpointOptions = Readonly<{
  /** For logs and metrics. */
  name: string;
  random: Random;
  /** Shared by the endpoints of a process; holds the clock. */
  timers: TimerWheel;
  transports: Transports;
  resolver: Resolver;
  user: EndpointUser;
  timing?: Partial<SipTiming>;
  limits?: Partial<EndpointLimits>;
  /**
   * Is one more request from the network taken? Asked for all but ACK, CANCEL, retransmissions and what another engine of this
   * process sends, which its own edge has let in; false: 503 with Retry-After.
   */
  admits?: (request: SipMessage, flow: Flow) => boolean;
  /**
   * Peers of one network, whose connections break when they end: a request that such a peer has not answered, or got to ring, goes to the next
   * target, at last to the same once more, where another process may stand; an INVITE that rings is answered 500 at once, and nobody waits any more
   * for answers to INVITEs of its own, which are cancelled. Default: none; who rings may still answer on another connection.
   */
  endsWithConnection?: (flow: Flow) => boolean;
  /** Option tags that Proxy-Require may name; with any other a request gets 420. 'any': the user decides. */
  proxyRequire?: readonly string[] | 'any';
  /** Of several processes on the same ports: who the others are, and the character by which branches tell whose they are. */
  elsewhere?: Elsewhere;
  branchMark?: string;
  /** An exception in a user's callback: to be logged. The request it concerns was answered 500. */
  onDefect?: (error: unknown) => void;
}>;

/** What createEndpoint makes: the users' side, the transports' side, and what an operator wants to see. */
export interface SipEndpoint extends Endpoint, TransportReceiver {
  readonly name: string;
  readonly counters: Readonly<EndpointCounters>;
  /** Requests that came and are not finally answered yet, and own ones without an answer. */
  readonly pendingCount: number;
  /** Takes no new dialogs or registrations but those that `letsIn`: 503 with Retry-After. What runs goes on, and so do dialogs. */
  drain(letsIn?: DrainAdmission): void;
  /** Takes all again. */
  undrain(): void;
}
