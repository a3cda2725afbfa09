// TCP and TLS connections of Diameter (RFC 6733 §2.1; TLS before the CER, §13.1). Messages of one turn of the event loop go out in one
// write. Both ends give a certificate when one is configured, and check the other's against `ca`.
import net from 'node:net';
import tls from 'node:tls';
import type {
  Connection,
  ConnectionEvents,
  DiameterTransport,
  Listening,
  PeerAddress,
} from '../peer/transport.port.js';

/** A peer that takes nothing while this much waits for it is as good as dead: its connection is closed. */
export const QUEUED_BYTES_MAX = 16 * 1024 * 1024;
export const CONNECT_MS_MAX = 5_000;
/** Connections of one listener; beyond, new ones are closed by the kernel's side of it. */
export const CONNECTIONS_MAX = 1_024;
/** After our end of the stream, for the other to end too. */
const LINGER_MS = 2_000;

/** PEM texts. Without a certificate there is no TLS listener; without `ca` the machine's own authorities count. */
export type TlsIdentity = Readonly<{ key?: string; cert?: string; ca?: string }>;

const wire = (socket: net.Socket, events: () => ConnectionEvents | undefined): Connection => {
  let waiting: Buffer[] = [];
  let reason = 'closed by the other end';
  const flush = (): void => {
    const pieces = waiting;
    waiting = [];
    if (pieces.length > 0 && socket.writable) socket.write(pieces.length === 1 ? (pieces[0] ?? '') : Buffer.concat(pieces));
    if (socket.writableLength > QUEUED_BYTES_MAX) {
      reason = 'takes nothing any more';
      socket.destroy();
    }
  };
  socket.setNoDelay(true);
  socket.on('data', (bytes: Buffer) => events()?.data(bytes));
  socket.on('error', (error) => (reason = error.message));
  socket.on('end', () => socket.end());
  socket.on('close', () => events()?.closed(reason));
  return {
    remote: `${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`,
    get queuedBytes() {
      return socket.writableLength;
    },
    send(bytes) {
      if (waiting.push(bytes) === 1) process.nextTick(flush);
    },
    close() {
      reason = 'closed';
      flush();
      socket.end();
      socket.setTimeout(LINGER_MS, () => socket.destroy());
    },
  };
}; // prettier-ignore

/** Options that no socket can be made with, such as a key that is none: to the peer a connection that did not come about. */
const unmade = (error: unknown, events: ConnectionEvents): Connection => {
  process.nextTick(() => events.closed(error instanceof Error ? error.message : String(error)));
  return { remote: '', queuedBytes: 0, send: () => undefined, close: () => undefined };
};

const socketTo = ({ host, port, tls: isTls = false }: PeerAddress, identity: TlsIdentity): net.Socket =>
  isTls
    ? tls.connect({ host, port, servername: net.isIP(host) ? '' : host, ...identity })
    : net.connect({ host, port });

const listenOn = (server: net.Server, { host, port }: PeerAddress, sockets: Set<net.Socket>): Promise<Listening> =>
  new Promise((resolve, reject) => {
    server.maxConnections = CONNECTIONS_MAX;
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // A fault of one accept is not one of the listener.
      server.on('error', () => undefined);
      resolve({
        port: (server.address() as net.AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of sockets) socket.setTimeout(LINGER_MS, () => socket.destroy());
          }),
      });
    });
  }); // prettier-ignore

export const createTcpTransport = (identity: TlsIdentity = {}): DiameterTransport => ({
  connect(address, events) {
    let socket: net.Socket;
    try {
      socket = socketTo(address, identity);
    } catch (error) {
      return unmade(error, events);
    }
    const connection = wire(socket, () => events);
    socket.setTimeout(CONNECT_MS_MAX, () => socket.destroy(new Error('no connection in time')));
    socket.once(address.tls ? 'secureConnect' : 'connect', () => {
      socket.setTimeout(0);
      events.opened();
    });
    return connection;
  },

  listen(at, accept) {
    const sockets = new Set<net.Socket>();
    const taken = (socket: net.Socket): void => {
      const heard: { events?: ConnectionEvents | undefined } = {};
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      heard.events = accept(wire(socket, () => heard.events));
      if (!heard.events) socket.destroy();
    };
    if (!at.tls) return listenOn(net.createServer(taken), at, sockets);
    const isMutual = identity.ca !== undefined;
    const server = tls.createServer({ ...identity, requestCert: isMutual, rejectUnauthorized: isMutual, handshakeTimeout: CONNECT_MS_MAX }, taken);
    server.on('tlsClientError', () => undefined);
    return listenOn(server, at, sockets);
  },
}); // prettier-ignore
