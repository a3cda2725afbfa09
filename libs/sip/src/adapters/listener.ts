// What every transport adapter is given and gives: one bound address that makes flows. RFC 3261 §18.
// Written by udp.ts, tcp.ts, ws.ts, memory-hub.ts; read by transports.ts.
import type { Clock } from '#libs/runtime';
import type { SipMessage } from '../message/message.js';
import type { Flow, JoinedFlow, TransportName, TransportReceiver } from '../transport/transport.port.js';

/** pino's shape, so that its loggers fit. Never given message text: it may hold credentials. */
export interface TransportLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Monotonic counts of one listener, read by the metrics page when it is asked for. */
export interface ListenerCounters {
  received: number;
  receivedBytes: number;
  sent: number;
  sentBytes: number;
  /** Not handed on: refused peers, unframed input, a full queue. */
  dropped: number;
  /** Sends that the network refused, and connects that failed. */
  sendFailed: number;
  /** CRLF, STUN and WebSocket pings answered. */
  keepAlives: number;
  /** Faults of the receiver, caught here so that one message cannot end the process. */
  receiverFaults: number;
  connectionsOpened: number;
  connectionsClosed: number;
  /** Connections over the bound, from refused peers or with a bad handshake. */
  connectionsRefused: number;
}

export const newCounters = (): ListenerCounters => ({
  received: 0,
  receivedBytes: 0,
  sent: 0,
  sentBytes: 0,
  dropped: 0,
  sendFailed: 0,
  keepAlives: 0,
  receiverFaults: 0,
  connectionsOpened: 0,
  connectionsClosed: 0,
  connectionsRefused: 0,
});

/** Bounds of a listener; the defaults below. */
export interface ListenerLimits {
  /** Over this many open connections a new one is closed at once. */
  readonly connectionsMax: number;
  /** Bytes waiting for a slow peer; over this the connection is closed and send() says false. */
  readonly sendBufferBytesMax: number;
  readonly connectTimeoutMs: number;
  /**
   * A connection made here is not used for what is new once it is so old, give or take a fifth: behind its address others may serve
   * by now (docs/architecture.md §8).
   */
  readonly lifetimeMs: number;
  /** A connection with no input for this long is closed: more than RFC 5626 §4.4.1's longest keep-alive, 840 s. */
  readonly idleMs: number;
  /** A connection whose message stays incomplete, or that has sent nothing, for this long is closed (64 × T1). */
  readonly incompleteMs: number;
  /** A TLS handshake that takes longer is given up. */
  readonly handshakeMs: number;
  /** WebSocket pings; a peer silent for two of these is gone. */
  readonly wsPingMs: number;
}

export const DEFAULT_LIMITS: ListenerLimits = {
  connectionsMax: 20_000,
  sendBufferBytesMax: 1_048_576,
  connectTimeoutMs: 1_800,
  lifetimeMs: 600_000,
  idleMs: 900_000,
  incompleteMs: 32_000,
  handshakeMs: 10_000,
  wsPingMs: 30_000,
};

/** The receiver may come after the transports: it needs them too. */
export interface ReceiverSlot {
  current: TransportReceiver;
}

/** A port that several processes listen on (SO_REUSEPORT): the kernel gives each peer to one of them. */
export type SharedPort = Readonly<{
  /** Number of this process among them. */
  worker: number;
  /** The same in all of them, PROBE_KEY_BYTES - 1 bytes that nobody else knows (wait-probe.ts). */
  probeKey: Buffer;
  /** A probe of another one came here. */
  astray: (worker: number, listener: string) => void;
}>;

export interface ListenerContext {
  readonly name: string;
  readonly transport: TransportName;
  readonly address: string;
  readonly receiver: ReceiverSlot;
  readonly counters: ListenerCounters;
  readonly limits: ListenerLimits;
  readonly clock: Clock;
  readonly log: TransportLog;
  /** The allow-list of a trusted listener: others are dropped, or their connections closed. */
  readonly allowPeer: ((address: string) => boolean) | undefined;
  /** What marks a probe of the wait as our own (wait-probe.ts); without, none is sent. */
  readonly probeKey?: Buffer | undefined;
  /** Spreads what is done after a time; without, everything is done at its very time. */
  readonly fraction?: (() => number) | undefined;
  readonly shared?: SharedPort | undefined;
  readonly connectionsToPeer?: number | undefined;
  readonly findsSilent?: boolean | undefined;
}

export interface Listener {
  readonly context: ListenerContext;
  /** The real port, once listening. */
  readonly port: number;
  listen(port: number): Promise<void>;
  /** An open flow to the peer, or a new one where this transport can make one; over TLS to a peer of that name. */
  flowTo(address: string, port: number, serverName?: string): Flow | undefined;
  /** An open connection by its id; for UDP always undefined. */
  flowById(connectionId: number): Flow | undefined;
  /** Where input may wait in a queue that its senders do not feel: how long it does (wait-probe.ts). Asked regularly. */
  waitMs?(): number;
  /** A probe went to another process on the port. */
  probeAstray?(): void;
  /** No new connections; what is open goes on. */
  stopAccepting(): void;
  /** Sends what waits, then closes everything. */
  close(): Promise<void>;
}

let lastConnectionId = 0;

/** Unique in this process and start, over all listeners. */
export const nextConnectionId = (): number => ++lastConnectionId;

/** Hands one message on; a fault of the receiver is its own defect and costs that message only. */
export const deliver = (context: ListenerContext, raw: string, flow: Flow): void => {
  const { counters } = context;
  counters.received += 1;
  counters.receivedBytes += raw.length;
  try {
    context.receiver.current.message(raw, flow);
  } catch (error) {
    receiverFault(context, error);
  }
};

/** The same for a message of an exchange. */
export const deliverWithin = (
  context: ListenerContext,
  message: SipMessage | string,
  flow: JoinedFlow,
  exchange: object,
): void => {
  const { counters } = context;
  counters.received += 1;
  counters.receivedBytes += typeof message === 'string' ? message.length : message.raw.length;
  try {
    context.receiver.current.messageWithin?.(message, flow, exchange);
  } catch (error) {
    receiverFault(context, error);
  }
};

export const tellClosed = (context: ListenerContext, flow: Flow): void => {
  try {
    context.receiver.current.flowClosed(flow);
  } catch (error) {
    receiverFault(context, error);
  }
};

export const tellSendFailed = (context: ListenerContext, flow: Flow): void => {
  context.counters.sendFailed += 1;
  try {
    context.receiver.current.sendFailed(flow);
  } catch (error) {
    receiverFault(context, error);
  }
};

export const tellMalformed = (context: ListenerContext, reason: string, flow: Flow): void => {
  context.counters.dropped += 1;
  try {
    context.receiver.current.malformed?.(reason, flow);
  } catch (error) {
    receiverFault(context, error);
  }
};

const receiverFault = (context: ListenerContext, error: unknown): void => {
  context.counters.receiverFaults += 1;
  context.log.error({ err: error, listener: context.name }, 'SIP receiver threw');
};
