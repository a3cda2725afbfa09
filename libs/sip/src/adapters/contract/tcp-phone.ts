// A bare TCP client for tests of the TCP transport: what it sends is written byte for byte. Readers: tcp*.spec.ts in adapters/.
import { connect, type Socket } from 'node:net';
import { inbox } from './recorder.js';

export type TcpPhone = Readonly<{
  socket: Socket;
  /** All that it got. */
  bytes: () => string;
  /** The next piece that it gets. */
  next: () => Promise<string>;
}>;

/** Connects; whoever dials destroys the socket. */
export const dialTcp = async (port: number): Promise<TcpPhone> => {
  const socket = connect({ port, host: '127.0.0.1' });
  const pieces = inbox();
  let all = '';
  socket.on('data', (chunk) => {
    all += chunk.toString('latin1');
    pieces.push(chunk.toString('latin1'));
  });
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return { socket, bytes: () => all, next: pieces.next };
};

export const ended = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));
