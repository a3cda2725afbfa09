// SIP over TCP, and over TLS on top of it: a server on the listener's address, and connections to other nodes (RFC 3261
// §18.1.1, §18.2). Reuse is by exact peer address and port, of connections made here or accepted here; over TLS by name too.
// RFC 5923 aliases (reusing an accepted connection for the peer's *listening* port) need certificates of clients: there are none.
// Reader: transports.ts.
import type { Server, Socket } from 'node:net';
import { familyOf, isWildcard } from '../fields/ip-address.js';
import type { Flow } from '../transport/transport.port.js';
import { Connections } from './connections.js';
import { InTurn } from './in-turn.js';
import type { Listener, ListenerContext } from './listener.js';
import { plainStream, type StreamKind } from './stream-kind.js';
import { TcpConnection } from './tcp-connection.js';

const BACKLOG = 4_096;
const LIFETIME_SPREAD = 0.2;

export class TcpListener implements Listener {
  port = 0;
  readonly #connections: Connections<TcpConnection>;
  readonly #turns: InTurn<TcpConnection> | undefined;
  #server: Server | undefined;
  #closed = false;

  constructor(
    readonly context: ListenerContext,
    /** Told of a target that refused or did not answer a connect. */
    private readonly unreachable: (address: string, port: number) => void = () => {},
    private readonly kind: StreamKind = plainStream,
  ) {
    this.#connections = new Connections<TcpConnection>(context);
    const { connectionsToPeer = 1 } = context;
    this.#turns = connectionsToPeer > 1 ? new InTurn(connectionsToPeer) : undefined;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  async listen(port: number): Promise<void> {
    const { address } = this.context;
    this.#closed = false;
    const server = this.kind.serve((socket) => this.#accepted(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const reusePort = this.context.shared !== undefined;
      const ipv6Only = familyOf(address) === 6;
      server.listen({ port, host: address, backlog: BACKLOG, ipv6Only, reusePort }, () => {
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

  flowTo(address: string, port: number, serverName?: string): Flow | undefined {
    if (this.#closed) return undefined;
    const open = this.#connections.byPeer(address, port);
    const slot = open?.isAccepted === true ? undefined : this.#turns?.next(address, port);
    const chosen = slot === undefined ? open : slot.connection;
    const isFit = chosen && !chosen.closed && !this.#connections.isRetired(chosen);
    if (isFit && chosen.isFor(this.kind, serverName)) return chosen;
    if (this.#connections.full) {
      this.context.counters.connectionsRefused += 1;
      return undefined;
    }
    const made = this.#connect(address, port, serverName);
    if (slot !== undefined) slot.connection = made;
    return made;
  }

  flowById(connectionId: number): Flow | undefined {
    return this.#connections.byId(connectionId);
  }

  stopAccepting(): void {
    this.#server?.close();
    this.#server = undefined;
    this.kind.stop();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const server = this.#server;
    this.#server = undefined;
    this.kind.stop();
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

  #connect(address: string, port: number, serverName: string | undefined): TcpConnection {
    const { clock, limits, address: bound } = this.context;
    const options = {
      host: address,
      port,
      family: familyOf(address),
      // Peers know this node by its listener's address: allow-lists compare it.
      ...(isWildcard(bound) ? {} : { localAddress: bound }),
    };
    const socket = this.kind.connect(options, serverName, () => {
      cancelTimeout();
      connection.opened();
    });
    const peer = { localAddress: bound, localPort: this.port, remoteAddress: address, remotePort: port };
    const connection = new TcpConnection(
      socket,
      { ...peer, serverName },
      this.context,
      this.#connections,
      () => {
        this.unreachable(address, port);
      },
    );
    const cancelTimeout = clock.after(limits.connectTimeoutMs, () => connection.drop('connect timed out'));
    connection.whenClosed(cancelTimeout);
    this.#connections.add(connection);
    connection.whenClosed(clock.after(this.#lifetimeMs(), () => this.#connections.retire(connection)));
    return connection;
  }

  /** No two connections that were made together are replaced together. */
  #lifetimeMs(): number {
    const { limits, fraction } = this.context;
    return limits.lifetimeMs * (1 + LIFETIME_SPREAD * (2 * (fraction?.() ?? 0.5) - 1));
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
