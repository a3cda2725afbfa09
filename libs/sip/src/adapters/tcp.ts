// SIP over TCP: a server on the listener's address, and connections to other nodes (RFC 3261 §18.1.1, §18.2).
// Reuse is by exact peer address and port, of connections made here or accepted here. RFC 5923 aliases (reusing an
// accepted connection for the peer's *listening* port) need certificates, so there are none over plain TCP.
// Reader: transports.ts.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { familyOf, isWildcard } from '../fields/ip-address.js';
import type { Flow } from '../transport/transport.port.js';
import { Connections } from './connections.js';
import type { Listener, ListenerContext } from './listener.js';
import { TcpConnection } from './tcp-connection.js';

const SOCKET_OPTIONS = {
  noDelay: true,
  // TCP's own probes find peers that vanished without a word.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  // A peer that has ended its side still gets the answers to what it sent.
  allowHalfOpen: true,
} as const;
const BACKLOG = 4_096;

export class TcpListener implements Listener {
  port = 0;
  readonly #connections: Connections<TcpConnection>;
  #server: Server | undefined;
  #closed = false;

  constructor(
    readonly context: ListenerContext,
    /** Told of a target that refused or did not answer a connect. */
    private readonly unreachable: (address: string, port: number) => void = () => {},
  ) {
    this.#connections = new Connections<TcpConnection>(context);
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  async listen(port: number): Promise<void> {
    const { address } = this.context;
    this.#closed = false;
    const server = createServer({ ...SOCKET_OPTIONS }, (socket) => this.#accepted(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: address, backlog: BACKLOG, ipv6Only: familyOf(address) === 6 }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) =>
      this.context.log.warn({ err: error, listener: this.context.name }, 'TCP accept'),
    );
    this.port = (server.address() as { port: number }).port;
    this.#server = server;
  }

  flowTo(address: string, port: number): Flow | undefined {
    if (this.#closed) return undefined;
    const open = this.#connections.byPeer(address, port);
    if (open && !open.closed) return open;
    if (this.#connections.full) {
      this.context.counters.connectionsRefused += 1;
      return undefined;
    }
    return this.#connect(address, port);
  }

  flowById(connectionId: number): Flow | undefined {
    return this.#connections.byId(connectionId);
  }

  stopAccepting(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const server = this.#server;
    this.#server = undefined;
    const closing = this.#connections.all().map(
      (connection) =>
        new Promise<void>((resolve) => {
          connection.close();
          connection.whenClosed(resolve);
        }),
    );
    if (server) closing.push(new Promise<void>((resolve) => server.close(() => resolve())));
    await Promise.all(closing);
  }

  #connect(address: string, port: number): TcpConnection {
    const { clock, limits, address: bound } = this.context;
    const socket = connect({
      host: address,
      port,
      family: familyOf(address),
      ...SOCKET_OPTIONS,
      // Peers know this node by its listener's address: allow-lists compare it.
      ...(isWildcard(bound) ? {} : { localAddress: bound }),
    });
    const peer = { localAddress: bound, localPort: this.port, remoteAddress: address, remotePort: port };
    const connection = new TcpConnection(socket, peer, this.context, this.#connections, () => {
      this.unreachable(address, port);
    });
    const cancelTimeout = clock.after(limits.connectTimeoutMs, () => connection.drop('connect timed out'));
    connection.whenClosed(cancelTimeout);
    socket.once('connect', () => {
      cancelTimeout();
      connection.opened();
    });
    this.#connections.add(connection);
    return connection;
  }

  #accepted(socket: Socket): void {
    const { counters, allowPeer, log, name } = this.context;
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    const known = remoteAddress !== undefined && remotePort !== undefined && localAddress !== undefined;
    if (!known || (allowPeer && !allowPeer(remoteAddress)) || !this.#connections.makeRoom()) {
      counters.connectionsRefused += 1;
      log.debug({ listener: name, peer: remoteAddress }, 'SIP connection refused');
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const peer = { localAddress, localPort: localPort ?? this.port, remoteAddress, remotePort };
    this.#connections.add(new TcpConnection(socket, peer, this.context, this.#connections));
  }
}
