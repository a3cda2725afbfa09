// The port that clients of memcached connect to. Answers of one turn of the event loop go out in one write; who does not read what it asked
// for is not read from. Used by start-rogers.ts.
import { createServer, type Server, type Socket } from 'node:net';
import type { PeerCheck } from '#libs/runtime';
import { Session, type SessionPorts } from '../proxy/session.js';

/** Bytes that a client has not taken yet: beyond it nothing more is read from it. */
const UNSENT_BYTES_MAX = 1024 * 1024;

export type ListenerOptions = Readonly<{
  host: string;
  port: number;
  connectionsMax: number;
  peers: PeerCheck;
  session: Omit<SessionPorts, 'onOutput' | 'onEnd' | 'unsentBytes'>;
  /** A peer that may not connect, or one too many. */
  onRefused: () => void;
}>;

export interface RogersListener {
  readonly port: number;
  readonly connections: number;
  /** Takes nobody new; ends who is there once he has what he asked for: each goes to another Rogers. Until it comes back. */
  leave(): void;
  comeBack(): void;
  /** The same for good. */
  refuse(): void;
  readonly pending: number;
  close(): Promise<void>;
}

class Client {
  readonly session: Session;
  #isScheduled = false;
  #isEnding = false;
  #isDraining = false;
  #isEnded = false;

  constructor(
    readonly socket: Socket,
    ports: ListenerOptions['session'],
  ) {
    this.session = new Session({
      ...ports,
      unsentBytes: () => socket.writableLength,
      onOutput: () => this.#schedule(),
      onEnd: () => {
        this.#isEnding = true;
        this.#schedule();
      },
    });
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      // It has been told that this is the end; what it asked since it asks another Rogers.
      if (this.#isEnded) return;
      this.session.push(bytes);
      if (this.session.isFull) socket.pause();
    });
    socket.on('drain', () => {
      this.session.run();
      this.#goOn();
    });
    socket.on('error', () => socket.destroy());
  }

  /** Answers what it has asked, and ends. */
  drain(): void {
    this.#isDraining = true;
    this.socket.pause();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const { socket, session } = this;
    if (socket.destroyed) return;
    const pieces = session.out.take();
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(piece);
    if (pieces.length > 1) socket.uncork();
    if (this.#isEnding || (this.#isDraining && session.pending === 0)) return this.#end();
    if (this.#isDraining) return;
    if (socket.writableLength > UNSENT_BYTES_MAX) socket.pause();
    else this.#goOn();
  }

  /** Its own end is read too: only then the connection is closed. */
  #end(): void {
    this.#isEnded = true;
    this.socket.end();
    this.socket.resume();
  }

  #goOn(): void {
    const { socket, session } = this;
    if (
      !this.#isDraining &&
      !session.isFull &&
      socket.isPaused() &&
      socket.writableLength <= UNSENT_BYTES_MAX
    )
      socket.resume();
  }
}

export const listenForClients = async (options: ListenerOptions): Promise<RogersListener> => {
  const clients = new Set<Client>();
  let isRefusing = false;
  const server: Server = createServer((socket) => {
    const isTrusted = options.peers(socket.remoteAddress ?? '');
    if (!isTrusted || isRefusing || clients.size >= options.connectionsMax) {
      options.onRefused();
      socket.destroy();
      return;
    }
    const client = new Client(socket, options.session);
    clients.add(client);
    socket.once('close', () => clients.delete(client));
  });
  const leave = (): void => {
    isRefusing = true;
    for (const client of clients) client.drain();
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    get connections() {
      return clients.size;
    },
    get pending() {
      let pending = 0;
      for (const { session } of clients) pending += session.pending;
      return pending;
    },
    leave,
    comeBack() {
      isRefusing = false;
    },
    refuse() {
      server.close();
      leave();
    },
    close: () =>
      new Promise((resolve) => {
        for (const { socket } of clients) socket.destroy();
        if (!server.listening) resolve();
        else server.close(() => resolve());
      }),
  };
};
