// Connections as the peer machine sees them. Adapters: adapters/tcp (TCP and TLS), testing/memory-network (simulated).

export type PeerAddress = Readonly<{ host: string; port: number; tls?: boolean }>;

export interface Connection {
  /** Queued in order; what cannot be sent any more is dropped. */
  send(bytes: Buffer): void;
  /** What was sent before goes out first. `closed` follows unless it came already. */
  close(): void;
  /** Bytes that wait for the network. */
  readonly queuedBytes: number;
  readonly remote: string;
}

export type ConnectionEvents = Readonly<{
  /** Connected, and the TLS handshake done. Incoming ones are from the beginning. */
  opened(): void;
  data(bytes: Buffer): void;
  /** Once, also when the connection was never opened. */
  closed(reason: string): void;
}>;

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

export interface DiameterTransport {
  connect(address: PeerAddress, events: ConnectionEvents): Connection;
  /** Port 0: one that is free. `accept` says who hears of a new connection; undefined: it is closed at once. */
  listen(
    at: PeerAddress,
    accept: (connection: Connection) => ConnectionEvents | undefined,
  ): Promise<Listening>;
}
