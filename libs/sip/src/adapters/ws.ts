// SIP over WebSocket, plain or over TLS (RFC 7118): subprotocol `sip`, one whole message a WebSocket message, text or binary. Server only:
// browsers do not listen. Framing is the `ws` package's. Reader: transports.ts.
import { isUtf8 } from 'node:buffer';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { WebSocketServer, type WebSocket } from 'ws';
import { familyOf } from '../fields/ip-address.js';
import { MESSAGE_BYTES_MAX } from '../transport/stream-framer.js';
import type { Flow } from '../transport/transport.port.js';
import { Connections, type Connection, KEEP_ALIVES_WAITING_MAX, SWEEP_MS } from './connections.js';
import {
  deliver, nextConnectionId, tellClosed, tellMalformed, tellSendFailed, type Listener, type ListenerContext,
} from './listener.js'; // prettier-ignore
import { Handshakes } from './tls/handshakes.js';
import type { TlsOptions } from './tls/tls-options.js';

/** What an origin check may look at besides the origin. */
export type WsHandshake = Readonly<{ remoteAddress: string; url: string; host: string | undefined }>;
export type AllowOrigin = (origin: string | undefined, handshake: WsHandshake) => boolean;

/** A handshake must be complete within this. */
const HANDSHAKE_MS = 10_000;
const HANDSHAKE_HEADERS_MAX = 64;
const HTTP_OPTIONS = {
  headersTimeout: HANDSHAKE_MS,
  requestTimeout: HANDSHAKE_MS,
  keepAliveTimeout: 1_000,
  noDelay: true,
} as const;
/** A peer that does not answer our closing frame is cut off after this. */
const CLOSE_GRACE_MS = 2_000;
const GOING_AWAY = 1001;

export class WsListener implements Listener {
  port = 0;
  readonly #connections: Connections<WsConnection>;
  #server: Server | SecureServer | undefined;
  #stopHandshakes: (() => void) | undefined;

  constructor(
    readonly context: ListenerContext,
    private readonly allowOrigin: AllowOrigin = () => true,
    private readonly tls?: TlsOptions,
  ) {
    this.#connections = new Connections<WsConnection>(context, (connection) => connection.pingIfQuiet());
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  async listen(port: number): Promise<void> {
    const { address } = this.context;
    const server = this.#makeServer();
    server.maxHeadersCount = HANDSHAKE_HEADERS_MAX;
    // Handshakes under way count too, so a little above.
    server.maxConnections = this.context.limits.connectionsMax + 100;
    const sockets = new WebSocketServer({
      server,
      maxPayload: MESSAGE_BYTES_MAX,
      perMessageDeflate: false,
      clientTracking: false,
      handleProtocols: () => 'sip',
      verifyClient: (info, done) => {
        const refused = this.#refusal(info.req, info.origin);
        if (refused) this.#refused(info.req, refused);
        done(refused === undefined, refused);
      },
    });
    sockets.on('connection', (socket, request) => this.#accepted(socket, request));
    sockets.on('wsClientError', (_error, socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // The WebSocketServer passes the server's errors on as its own.
      sockets.once('error', reject);
      const reusePort = this.context.shared !== undefined;
      server.listen({ port, host: address, ipv6Only: familyOf(address) === 6, reusePort }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    sockets.on('error', (error) =>
      this.context.log.warn({ err: error, listener: this.context.name }, 'WebSocket accept'),
    );
    this.port = (server.address() as { port: number }).port;
    this.#server = server;
  }

  /** Only a client that is connected can be reached. */
  flowTo(address: string, port: number): Flow | undefined {
    return this.#connections.byPeer(address, port);
  }

  flowById(connectionId: number): Flow | undefined {
    return this.#connections.byId(connectionId);
  }

  stopAccepting(): void {
    this.#server?.close();
    this.#stopHandshakes?.();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#stopHandshakes?.();
    const closed = this.#connections.all().map((connection) => {
      connection.close();
      return connection.whenClosed;
    });
    if (server) {
      if (server.listening) closed.push(new Promise<void>((resolve) => server.close(() => resolve())));
      server.closeIdleConnections();
    }
    await Promise.all(closed);
    server?.closeAllConnections();
  }

  #makeServer(): Server | SecureServer {
    if (this.tls === undefined) return createServer(HTTP_OPTIONS, onlyWebSocket);
    const { identity } = this.tls;
    const server = createSecureServer({ ...HTTP_OPTIONS, ...identity.current }, onlyWebSocket);
    const handshakes = new Handshakes(server, this.context);
    const forget = identity.onChange((pair) => server.setSecureContext(pair));
    this.#stopHandshakes = () => {
      forget();
      handshakes.close();
    };
    return server;
  }

  #refused({ socket }: IncomingMessage, status: number): void {
    const { counters, log, name } = this.context;
    counters.connectionsRefused += 1;
    log.debug({ listener: name, peer: socket.remoteAddress, status }, 'SIP connection refused');
  }

  /** HTTP status of a handshake that is refused. */
  #refusal(request: IncomingMessage, origin: string | undefined): number | undefined {
    const { allowPeer } = this.context;
    const remoteAddress = request.socket.remoteAddress ?? '';
    if (allowPeer && !allowPeer(remoteAddress)) return 403;
    // RFC 7118 §4.1: without `sip` among the offered subprotocols this is not SIP.
    if (!offersSip(request.headers['sec-websocket-protocol'])) return 400;
    const handshake = { remoteAddress, url: request.url ?? '', host: request.headers.host };
    if (!this.allowOrigin(origin, handshake)) return 403;
    return this.#connections.makeRoom() ? undefined : 503;
  }

  #accepted(socket: WebSocket, request: IncomingMessage): void {
    const { remoteAddress, remotePort, localAddress, localPort } = request.socket;
    if (remoteAddress === undefined || remotePort === undefined || localAddress === undefined) {
      socket.on('error', () => {});
      socket.terminate();
      return;
    }
    const peer = { localAddress, localPort: localPort ?? this.port, remoteAddress, remotePort };
    this.#connections.add(new WsConnection(socket, peer, this.context, this.#connections));
  }
}

type WsPeer = Readonly<{
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
}>;

class WsConnection implements Connection {
  readonly transport: 'ws' | 'wss';
  readonly reliable = true;
  readonly connectionId = nextConnectionId();
  readonly listener: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly whenClosed: Promise<void>;
  quietSweeps = 0;
  incompleteSweeps = 0;
  closed = false;
  #heard = false;
  #keepAlivesWaiting = 0;

  constructor(
    private readonly socket: WebSocket,
    peer: WsPeer,
    private readonly context: ListenerContext,
    private readonly connections: Connections<WsConnection>,
  ) {
    this.transport = context.transport === 'wss' ? 'wss' : 'ws';
    this.listener = context.name;
    this.localAddress = peer.localAddress;
    this.localPort = peer.localPort;
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    socket.on('message', (data: Buffer) => this.#received(data));
    socket.on('ping', () => this.#alive());
    socket.on('pong', () => this.#alive());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
    this.whenClosed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#gone();
        resolve();
      });
    });
  }

  get incomplete(): boolean {
    return !this.#heard;
  }

  send(message: string): boolean {
    if (this.closed || this.socket.readyState !== this.socket.OPEN) return false;
    if (this.socket.bufferedAmount + message.length > this.context.limits.sendBufferBytesMax) {
      this.drop('peer reads too slowly');
      return false;
    }
    const { counters } = this.context;
    counters.sent += 1;
    counters.sentBytes += message.length;
    this.#write(message);
    return true;
  }

  close(): void {
    if (this.closed) return;
    this.socket.close(GOING_AWAY);
    const cancel = this.context.clock.after(CLOSE_GRACE_MS, () => this.socket.terminate());
    this.socket.once('close', cancel);
    this.#gone();
  }

  drop(reason: string): void {
    if (this.closed) return;
    this.context.log.debug(
      { listener: this.listener, peer: this.remoteAddress, reason },
      'SIP connection closed',
    );
    if (this.socket.bufferedAmount > 0) tellSendFailed(this.context, this);
    this.#gone();
    this.socket.terminate();
  }

  /** Holds NAT bindings open, and finds peers that vanished: silent for two pings, they are dropped. */
  pingIfQuiet(): void {
    const quietMs = this.quietSweeps * SWEEP_MS;
    const { wsPingMs } = this.context.limits;
    if (quietMs > 2 * wsPingMs) this.drop('no pong');
    else if (quietMs >= wsPingMs && this.socket.readyState === this.socket.OPEN) this.socket.ping();
  }

  #alive(): void {
    this.quietSweeps = 0;
  }

  #received(data: Buffer): void {
    if (this.closed) return;
    this.quietSweeps = 0;
    this.#heard = true;
    const raw = data.toString('latin1');
    let start = 0;
    while (raw.charCodeAt(start) === 13 || raw.charCodeAt(start) === 10) start++;
    if (start < raw.length) {
      this.connections.spoke(this);
      return deliver(this.context, start === 0 ? raw : raw.slice(start), this);
    }
    // RFC 7118 §6: the CRLF keep-alive of RFC 5626 may be used here too.
    if (raw !== '\r\n\r\n') return;
    this.context.counters.keepAlives += 1;
    if (this.socket.bufferedAmount === 0) this.#keepAlivesWaiting = 0;
    else if (++this.#keepAlivesWaiting > KEEP_ALIVES_WAITING_MAX) return this.drop('peer reads too slowly');
    this.#write('\r\n');
  }

  /** A text frame must be UTF-8; what is not goes as binary (RFC 7118 §4.2). */
  #write(message: string): void {
    const bytes = Buffer.from(message, 'latin1');
    this.socket.send(bytes, { binary: !isUtf8(bytes) });
  }

  #failed(error: NodeJS.ErrnoException): void {
    // The package's own codes begin so: a frame too large, bad UTF-8, an unmasked frame, … It closes the connection.
    if (error.code?.startsWith('WS_ERR_')) tellMalformed(this.context, error.code, this);
    this.drop(error.code ?? 'error');
  }

  #gone(): void {
    if (this.closed) return;
    this.closed = true;
    this.connections.remove(this);
    tellClosed(this.context, this);
  }
}

const onlyWebSocket: RequestListener = (_request, response) => {
  response.writeHead(426, { Upgrade: 'websocket', 'Content-Type': 'text/plain' });
  response.end('SIP over WebSocket only (RFC 7118).\n');
};

const offersSip = (header: string | undefined): boolean =>
  header !== undefined && header.split(',', 16).some((name) => name.trim().toLowerCase() === 'sip');
