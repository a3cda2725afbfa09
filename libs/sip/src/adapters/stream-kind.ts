// What is different between SIP over TCP and over TLS: how a server is made, how a connection is begun and when it is ready.
// Read by tcp.ts, which is the same for both; TLS is tls/tls-stream.ts.
import { connect, createServer, type Server, type Socket, type TcpNetConnectOpts } from 'node:net';

export const SOCKET_OPTIONS = {
  noDelay: true,
  // TCP's own probes find peers that vanished without a word.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  // A peer that has ended its side still gets the answers to what it sent.
  allowHalfOpen: true,
} as const;

export interface StreamKind {
  /** `ready` is told of each connection on which messages may come. */
  serve(ready: (socket: Socket) => void): Server;
  /** `serverName`: whom the certificate must be of; undefined: the address. */
  connect(options: TcpNetConnectOpts, serverName: string | undefined, ready: () => void): Socket;
  /** May a request for that name go out on this open connection? */
  isFor(socket: Socket, serverName: string | undefined): boolean;
  /** What has begun and is no connection yet is given up. */
  stop(): void;
}

export const plainStream: StreamKind = {
  serve: (ready) => createServer({ ...SOCKET_OPTIONS }, ready),
  connect(options, _serverName, ready) {
    const socket = connect({ ...options, ...SOCKET_OPTIONS });
    socket.once('connect', ready);
    return socket;
  },
  isFor: () => true,
  stop: () => {},
};
