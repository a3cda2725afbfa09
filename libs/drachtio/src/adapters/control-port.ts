// The TCP port that applications connect to. Only peers of the allow-list are listened to; an application that does not read what
// it is told is cut off, as one that has died. Made by apps/sprout.
import { createServer, type Server, type Socket } from 'node:net';
import type { PeerCheck } from '#libs/runtime';
import type { DrachtioServer } from '../drachtio-server.js';

/** Connections at a time; one more takes the place of the oldest that has not authenticated, or is closed at once. */
export const CONNECTIONS_MAX = 100;
/** Bytes that wait for an application to read them; over it its connection is closed. */
export const OUTBOX_BYTES_MAX = 8 * 1024 * 1024;
const KEEP_ALIVE_MS = 15_000;
/** Who is told goodbye and does not read it. */
const LINGER_MS_MAX = 2_000;

export type ControlPortOptions = Readonly<{
  host: string;
  port: number;
  allowPeer: PeerCheck;
  server: DrachtioServer;
  log: Readonly<{ info(fields: object, message: string): void; warn(fields: object, message: string): void }>;
}>;

export interface ControlPort {
  readonly port: number;
  /** No new connections. */
  stopAccepting(): void;
  close(): Promise<void>;
}

type Attached = ReturnType<DrachtioServer['connected']>;

const attach = (socket: Socket, { server, log }: ControlPortOptions): Attached => {
  const peer = `${socket.remoteAddress}:${socket.remotePort}`;
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
  const application = server.connected({
    send(text) {
      socket.write(text, 'latin1');
      if (socket.writableLength <= OUTBOX_BYTES_MAX) return;
      log.warn({ peer }, 'an application does not read: cut off');
      socket.destroy();
    },
    close() {
      socket.setTimeout(LINGER_MS_MAX, () => void socket.destroy());
      socket.destroySoon();
    },
  });
  socket.on('data', (piece: Buffer) => application.receive(piece.toString('latin1')));
  socket.on('error', () => undefined); // 'close' follows
  socket.on('close', () => {
    application.closed();
    log.info({ peer }, 'application disconnected');
  });
  return application;
};

/** The oldest connection that has not authenticated. */
const halfOpen = (sockets: ReadonlyMap<Socket, Attached>): Socket | undefined => {
  for (const [socket, { attached }] of sockets) if (!attached) return socket;
  return undefined;
};

/** Listens; resolves when the port is bound. */
export const createControlPort = async (options: ControlPortOptions): Promise<ControlPort> => {
  const { host, port, allowPeer, log } = options;
  const sockets = new Map<Socket, Attached>();
  const server: Server = createServer((socket) => {
    const { remoteAddress } = socket;
    const isOver = sockets.size >= CONNECTIONS_MAX;
    const given = isOver ? halfOpen(sockets) : undefined;
    if (remoteAddress === undefined || !allowPeer(remoteAddress) || (isOver && given === undefined)) {
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    if (given !== undefined) {
      sockets.delete(given);
      given.destroy();
    }
    log.info({ peer: `${remoteAddress}:${socket.remotePort}` }, 'application connected');
    sockets.set(socket, attach(socket, options));
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => log.warn({ err: error }, 'control port of applications'));
  return {
    port: (server.address() as { port: number }).port,
    stopAccepting: () => void server.close(),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets.keys()) socket.destroy();
      await closed;
    },
  };
};
