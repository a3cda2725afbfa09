// What an app says to get its transports, and what it gets: the engine's port and the handling of sockets besides.
// Read by transports.ts, which makes it so; written by each app.
import type { Clock, Random } from '#libs/runtime';
import type { FlowReference } from '../transport/flow-token.js';
import type {
  Flow,
  Target,
  TransportName,
  TransportReceiver,
  Transports,
} from '../transport/transport.port.js';
import type { ListenerCounters, ListenerLimits, SharedPort, TransportLog } from './listener.js';
import type { MemoryHub } from './memory-hub.js';
import type { TlsOptions } from './tls/tls-options.js';
import type { WsHandshake } from './ws.js';

export type ListenerOptions = Readonly<{
  /** The app's name for it; UDP and TCP of one address share a name. */
  name: string;
  transport: TransportName;
  address: string;
  /** 0: a free one; the same for every udp and tcp listener of this name and address. */
  port: number;
  /** Public host[:port] for Via, Path and Record-Route; default: local address and port. */
  sentBy?: string;
  /** The allow-list of a trusted listener. */
  allowPeer?: (address: string) => boolean;
  /** TLS and WSS: who this node is. */
  tls?: TlsOptions;
  /** WebSocket only: false refuses the handshake with 403. */
  allowOrigin?: (origin: string | undefined, handshake: WsHandshake) => boolean;
  /** No socket: reachable through the hub only. */
  memoryOnly?: boolean;
  /** Other processes listen on the port too. */
  shared?: SharedPort;
  /** Connections made to one address, used in turn: behind it several processes may share the port. Default 1. TCP only. */
  connectionsToPeer?: number;
  /** Connections made here are given up when the peer falls silent (transport/silence-watch.ts). Towards nodes of this network. TCP only. */
  findsSilent?: boolean;
}>;

export type TransportsOptions = Readonly<{
  listeners: readonly ListenerOptions[];
  clock: Clock;
  log: TransportLog;
  receiver?: TransportReceiver;
  hub?: MemoryHub;
  limits?: Partial<ListenerLimits>;
  /** With it the wait of input can be measured (waitMs). */
  random?: Random;
}>;

export type ListenerAddress = Readonly<{
  name: string;
  transport: TransportName;
  address: string;
  port: number;
  sentBy: string;
}>;

/** The port, and what the app that owns the sockets does besides. */
export interface NodeTransports extends Transports {
  preferStream(messageBytes: number, target: Target, listener: string): Target;
  setReceiver(receiver: TransportReceiver): void;
  /** Binds all listeners or, when one cannot be bound, none. */
  listen(): Promise<void>;
  /** In the order given, with real ports; [] before listen(). The same array every time. */
  addresses(): readonly ListenerAddress[];
  /** The flow that a verified token names, if it still is: a UDP flow always, a connection while it is open. */
  flowOf(reference: FlowReference): Flow | undefined;
  /**
   * How long input waits until it is read, milliseconds: the longest over the listeners for datagrams, whose probes also see what the
   * event loop does first. Asked regularly, each time sends the next probes; 0 where nothing is measured.
   */
  waitMs(): number;
  /** A probe of this listener came to another process on the port: the next goes another way. */
  probeAstray(listener: string): void;
  /** No new connections; what is open goes on. */
  stopAccepting(): void;
  /** Sends what waits and closes everything. */
  close(): Promise<void>;
  counters(): readonly Readonly<{
    name: string;
    transport: TransportName;
    counters: Readonly<ListenerCounters>;
  }>[];
}
