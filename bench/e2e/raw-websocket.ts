// A WebSocket client that writes its frames by hand, right or wrong (RFC 6455 §5.2): what no library would send.
// Used by hostile tests.
import { connect, type Socket } from 'node:net';

const HANDSHAKE_MS_MAX = 5_000;
export const TEXT = 1;
export const CONTINUATION = 0;

export type Frame = Readonly<{
  opcode?: number;
  fin?: boolean;
  masked?: boolean;
  /** What the header says instead of the true length, as 64 bits. */
  claimed?: bigint;
}>;

/** One frame; the mask is zeros, which is as good as any. */
export const frame = (
  payload: string,
  { opcode = TEXT, fin = true, masked = true, claimed }: Frame = {},
): Buffer => {
  const body = Buffer.from(payload, 'latin1');
  const mask = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | opcode;
  let head = Buffer.from([first, mask | body.length]);
  if (claimed !== undefined) {
    head = Buffer.alloc(10);
    head.writeUInt16BE((first << 8) | mask | 127);
    head.writeBigUInt64BE(claimed, 2);
  } else if (body.length > 125) {
    head = Buffer.alloc(4);
    head.writeUInt16BE((first << 8) | mask | 126);
    head.writeUInt16BE(body.length, 2);
  }
  return Buffer.concat([head, masked ? Buffer.alloc(4) : Buffer.alloc(0), body]);
};

export type RawWebSocket = Readonly<{
  socket: Socket;
  /** HTTP status of the handshake; 0: closed without one. */
  status: number;
  /** Everything that came after it, frames and all. */
  bytes: () => string;
  closed: () => boolean;
}>;

export const openWebSocket = (
  port: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawWebSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const timer = setTimeout(() => reject(new Error('no handshake')), HANDSHAKE_MS_MAX);
    let text = '';
    let closed = false;
    const usual = {
      Host: `127.0.0.1:${port}`,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
      'Sec-WebSocket-Protocol': 'sip',
    };
    const lines = Object.entries({ ...usual, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET / HTTP/1.1\r\n${lines.join('')}\r\n`);
    socket.on('error', () => (closed = true));
    socket.on('close', () => {
      closed = true;
      clearTimeout(timer);
      resolve({ socket, status: 0, bytes: () => '', closed: () => true });
    });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      clearTimeout(timer);
      resolve({
        socket,
        status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]),
        bytes: () => text.slice(end + 4),
        closed: () => closed,
      });
    });
  });
