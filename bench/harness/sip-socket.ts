// How a test phone reaches a SIP server: UDP, TCP or WebSocket, these two also over TLS, one message at a time as text. Framing is written here again,
// on purpose: a phone that shared the product's code would share its faults.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { WebSocket } from 'ws';
import { firstHeader } from '#libs/testkit';

export type PhoneTransport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

export interface SipSocket {
  readonly transport: PhoneTransport;
  readonly localAddress: string;
  readonly localPort: number;
  send(text: string): void;
  onMessage: (text: string) => void;
  onClose: () => void;
  close(): void;
}

export type SocketOptions = Readonly<{
  transport: PhoneTransport;
  host: string;
  port: number;
  localPort?: number;
  /** Default: loopback of the server's family. */
  localAddress?: string;
  /** PEM of the certificate that the server must show, over TLS. */
  ca?: string;
}>;

const CONNECT_MS_MAX = 5000;
const MESSAGE_BYTES_MAX = 1024 * 1024;

/** This machine, in the family of the server's address. */
const loopbackFor = (host: string): string => (host.includes(':') ? '::1' : '127.0.0.1');

const openUdp = ({ host, port, localPort, localAddress }: SocketOptions): Promise<SipSocket> =>
  new Promise((resolve, reject) => {
    const type = host.includes(':') ? 'udp6' : 'udp4';
    const udp = createSocket({ type, recvBufferSize: 4 * 2 ** 20, sendBufferSize: 4 * 2 ** 20 });
    udp.once('error', reject);
    const address = localAddress ?? loopbackFor(host);
    udp.bind(localPort ?? 0, address, () => {
      const socket: SipSocket = {
        transport: 'udp',
        localAddress: address,
        localPort: udp.address().port,
        send: (text) => udp.send(text, port, host),
        onMessage: () => undefined,
        onClose: () => undefined,
        close: () => udp.close(),
      };
      udp.on('message', (data) => socket.onMessage(data.toString('utf8')));
      udp.removeListener('error', reject);
      udp.on('error', () => undefined); // a server that is down for a moment
      resolve(socket);
    });
  });

/** Cuts a stream into messages by Content-Length; CRLF between messages is keep-alive (RFC 5626 §3.5.1). */
export const createFramer = (deliver: (text: string) => void) => {
  let pending = Buffer.alloc(0);
  return (data: Buffer): void => {
    pending = Buffer.concat([pending, data]);
    for (;;) {
      while (pending.length >= 2 && pending[0] === 13 && pending[1] === 10) pending = pending.subarray(2);
      const head = pending.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(firstHeader(pending.toString('utf8', 0, head + 4), 'Content-Length') ?? 0);
      if (length > MESSAGE_BYTES_MAX) throw new Error(`a message of ${length} bytes`);
      if (pending.length < head + 4 + length) return;
      deliver(pending.toString('utf8', 0, head + 4 + length));
      pending = pending.subarray(head + 4 + length);
    }
  };
};

const openStream = ({ transport, host, port, ca }: SocketOptions): Promise<SipSocket> =>
  new Promise((resolve, reject) => {
    const secure = transport === 'tls';
    const tcp = secure ? connectSecurely({ host, port, ca }) : connect({ host, port, noDelay: true });
    tcp.setTimeout(CONNECT_MS_MAX, () => tcp.destroy(new Error(`no TCP connection to ${host}:${port}`)));
    tcp.once('error', reject);
    tcp.once(secure ? 'secureConnect' : 'connect', () => {
      tcp.setTimeout(0);
      const socket: SipSocket = {
        transport,
        localAddress: loopbackFor(host),
        localPort: tcp.localPort ?? 0,
        send: (text) => void tcp.write(text),
        onMessage: () => undefined,
        onClose: () => undefined,
        close: () => tcp.destroy(),
      };
      tcp.on(
        'data',
        createFramer((text) => socket.onMessage(text)),
      );
      tcp.on('close', () => socket.onClose());
      tcp.removeListener('error', reject);
      tcp.on('error', () => undefined);
      resolve(socket);
    });
  });

const textOf = (data: WebSocket.RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');

const openWs = ({ transport, host, port, ca }: SocketOptions): Promise<SipSocket> =>
  new Promise((resolve, reject) => {
    const ws = new WebSocket(`${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`, 'sip', {
      handshakeTimeout: CONNECT_MS_MAX,
      ...(ca === undefined ? {} : { ca }),
    });
    ws.once('error', reject);
    ws.once('open', () => {
      const socket: SipSocket = {
        transport,
        localAddress: 'client.invalid',
        localPort: 0,
        send: (text) => ws.send(text),
        onMessage: () => undefined,
        onClose: () => undefined,
        close: () => ws.terminate(),
      };
      ws.on('message', (data) => socket.onMessage(textOf(data)));
      ws.on('close', () => socket.onClose());
      ws.removeListener('error', reject);
      ws.on('error', () => undefined);
      resolve(socket);
    });
  });

const OPEN: Readonly<Record<PhoneTransport, (options: SocketOptions) => Promise<SipSocket>>> = {
  udp: openUdp,
  tcp: openStream,
  tls: openStream,
  ws: openWs,
  wss: openWs,
};

export const openSipSocket = (options: SocketOptions): Promise<SipSocket> => OPEN[options.transport](options);
