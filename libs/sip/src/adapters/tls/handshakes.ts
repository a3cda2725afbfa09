// TLS handshakes under way on one listener: bounded in number and in time, so that who connects and says nothing keeps nobody
// out. A peer that may not connect is refused before it costs a handshake. Readers: tls-stream.ts, ws.ts.
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import type { ListenerContext } from '../listener.js';

/** At the bound the oldest handshake is given up for the new one. */
export const HANDSHAKES_MAX = 256;

type Handshake = Readonly<{ socket: Socket; cancel: () => void }>;

export class Handshakes {
  readonly #pending = new Map<string, Handshake>();

  /** Takes the place of the server's own reaction to a connection; `server`: of node:tls or node:https. */
  constructor(
    server: Server,
    private readonly context: ListenerContext,
  ) {
    const begin = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (!this.#admit(socket)) return;
      for (const handshake of begin) handshake.call(server, socket);
    });
    server.on('secureConnection', (socket: TLSSocket) => this.#end(keyOf(socket)));
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      this.#refused(socket.remoteAddress, error.code ?? 'handshake failed');
      socket.destroy();
    });
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Gives up those that are under way. */
  close(): void {
    for (const { socket } of [...this.#pending.values()]) socket.destroy();
  }

  #admit(socket: Socket): boolean {
    const { allowPeer, clock, limits } = this.context;
    const key = keyOf(socket);
    socket.on('error', () => {});
    if (key === undefined || (allowPeer && !allowPeer(socket.remoteAddress ?? ''))) {
      this.#refused(socket.remoteAddress, 'peer');
      socket.destroy();
      return false;
    }
    const [oldest] = this.#pending.values();
    if (oldest && this.#pending.size >= HANDSHAKES_MAX) this.#giveUp(oldest.socket, 'made room');
    const cancel = clock.after(limits.handshakeMs, () => this.#giveUp(socket, 'handshake timed out'));
    this.#pending.set(key, { socket, cancel });
    socket.once('close', () => {
      // A peer may be back from the same port before the end of its last try is heard of.
      if (this.#pending.get(key)?.socket === socket) this.#end(key);
    });
    return true;
  }

  /** The server says so itself, as of any handshake that came to nothing: it is counted there. */
  #giveUp(socket: Socket, reason: string): void {
    const { log, name } = this.context;
    log.debug({ listener: name, peer: socket.remoteAddress, reason }, 'TLS handshake given up');
    this.#end(keyOf(socket));
    socket.destroy();
  }

  #end(key: string | undefined): void {
    if (key === undefined) return;
    this.#pending.get(key)?.cancel();
    this.#pending.delete(key);
  }

  #refused(peer: string | undefined, reason: string): void {
    const { counters, log, name } = this.context;
    counters.connectionsRefused += 1;
    log.debug({ listener: name, peer, reason }, 'TLS handshake refused');
  }
}

/** undefined: it is gone already. */
const keyOf = ({ remoteAddress, remotePort }: Socket): string | undefined =>
  remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort}`;
