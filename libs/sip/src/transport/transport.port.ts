// What the engine needs of a network: flows to send on, and messages that came. Sockets are in adapters/, the
// simulated network in libs/testkit. RFC 3261 §18, RFC 5626 §3 (flow), RFC 7118.
import type { SipMessage } from '../message/message.js';

export type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** A way to one peer: a TCP, TLS or WebSocket connection, or a UDP 5-tuple. Replies go back on the flow of the request. */
export interface Flow {
  readonly transport: TransportName;
  /** False for UDP only: decides retransmission timers (RFC 3261 §17). */
  readonly reliable: boolean;
  /** The listener it belongs to, by the name that the app gave it: 'untrusted', 'trusted', 'scscf', 'icscf', … */
  readonly listener: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Unique among connections of this process and start; 0 for UDP. Part of a flow token. */
  readonly connectionId: number;
  /** True once the connection is gone; a UDP flow never is. */
  readonly closed: boolean;
  /** Queues one whole SIP message (latin1). False when it cannot be sent: closed, or over the send-buffer bound. */
  send(message: string): boolean;
  close(): void;
  /** Has the peer shown a certificate of this name, by somebody who is believed? Absent: it cannot have. */
  isOf?(serverName: string): boolean;
  /** True for a JoinedFlow. */
  readonly joined?: boolean;
}

/**
 * A flow to an engine of the same process, on which nothing is lost, doubled or late: requests and answers need not be matched
 * by their text, each carries the exchange that it belongs to (transaction/exchange.ts).
 */
export interface JoinedFlow extends Flow {
  /** As text, or read already: then nobody reads it again. */
  sendWithin(message: SipMessage | string, exchange: object): boolean;
}

export const isJoined = (flow: Flow): flow is JoinedFlow => flow.joined === true;

/** Where a request is to go, resolved: one address of RFC 3263's answer. */
export type Target = Readonly<{
  transport: TransportName;
  address: string;
  port: number;
  /** Over TLS: the name that the peer's certificate must be of (RFC 5922 §7); absent: its address. */
  serverName?: string;
}>;

/** What the transports tell the engine. Called synchronously, one message at a time; must not throw. */
export interface TransportReceiver {
  /** One message as framed by the transport (a datagram, a TCP frame, a WebSocket message), latin1. */
  message(raw: string, flow: Flow): void;
  /** The flow's connection is gone (never for UDP). */
  flowClosed(flow: Flow): void;
  /** What was sent to this peer could not be delivered (ICMP, reset, connect refused or timed out). */
  sendFailed(target: Target | Flow): void;
  /** Input on this connection could not be framed; the transport has answered it where it could, and closes the flow. */
  malformed?(reason: string, flow: Flow): void;
  /** A message that belongs to this exchange; there for receivers that take such. */
  messageWithin?(message: SipMessage | string, flow: JoinedFlow, exchange: object): void;
}

/** All transports of one SIP node. */
export interface Transports {
  /**
   * A flow to the target: an open connection is used again (RFC 5923 alias rules apply), else one is opened and what is
   * sent meanwhile waits, up to a bound. undefined: no listener for that transport and address family.
   * `listener` names the local end (its address and port go into Via and, for UDP, into the packet's source).
   */
  flowTo(target: Target, listener: string): Flow | undefined;
  /** sent-by host and port to write into Via for what is sent on this flow. */
  sentBy(flow: Flow): string;
  /**
   * Where a request of this size should go (RFC 3261 §18.1.1): the target itself, or over 1,300 bytes the same address by
   * TCP if this listener has TCP. When that connection fails, sendFailed(flow) is told and the same call gives the UDP
   * target again for a while: send once more there, with a Via that says UDP.
   */
  preferStream?(messageBytes: number, target: Target, listener: string): Target;
}

/** RFC 3263, behind a port: resolver.ts answers literals and names of a table at once, dns-resolver.ts any name. */
export interface Resolver {
  /** Targets in the order to try, at most 5; [] when the name does not resolve. A promise only when it must ask the network. */
  resolve(uri: string): readonly Target[] | Promise<readonly Target[]>;
  /** A request to this target of an answer could not be sent, or nobody answered it. */
  failed?(target: Target): void;
  /** Somebody answered there. */
  worked?(target: Target): void;
}
