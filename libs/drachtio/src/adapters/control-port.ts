// The TCP port that applications connect to. Only peers of the allow-list are listened to; an application that does not read what
// it is told is cut off, as one that has died. Made by apps/sprout.
import { createServer, type Server, type Socket } from 'node:net';
import type { PeerCheck } from '#libs/runtime';
import type { DrachtioServer } from '../drachtio-server.js';

/** Connections at a time; one more is closed at once. */
export const CONNECTIONS_MAX = 100;
/** Bytes that wait for an application to read them; over it its connection is closed. */
export const OUTBOX_BYTES_MAX = 8 * 1024 * 1024;
const KEEP_ALIVE_MS = 15_000;

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

const attach = (socket: Socket, { server, log }: ControlPortOptions): void => {
  const peer = `${socket.remoteAddress}:${socket.remotePort}`;
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
  const application = server.connected({
    send(text) {
      socket.write(text, 'latin1');
      if (socket.writableLength <= OUTBOX_BYTES_MAX) return;
      log.warn({ peer }, 'an application does not read: cut off');
      socket.destroy();
    },
    close: () => void socket.destroySoon(),
  });
  socket.on('data', (piece: Buffer) => application.receive(piece.toString('latin1')));
  socket.on('error', () => undefined); // 'close' follows
  socket.on('close', () => {
    application.closed();
    log.info({ peer }, 'application disconnected');
  });
};

/** Listens; resolves when the port is bound. */
export const createControlPort = async (options: ControlPortOptions): Promise<ControlPort> => {
  const { host, port, allowPeer, log } = options;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || !allowPeer(remoteAddress) || sockets.size >= CONNECTIONS_MAX) {
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    log.info({ peer: `${remoteAddress}:${socket.remotePort}` }, 'application connected');
    attach(socket, options);
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
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
