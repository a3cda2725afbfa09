// A small application server over UDP for end-to-end tests: a stateless proxy that gives requests back by the Route that it
// finds under its own (RFC 3261 §16.11), or one that answers or is silent. It shares no code with the product on purpose.
import { createSocket } from 'node:dgram';

export type ServerMode = 'gives-back' | 'silent' | 'busy';

export interface UdpServer {
  /** As a filter criterion names it. */
  readonly uri: string;
  mode: ServerMode;
  /** Requests that came, newest last. */
  readonly received: string[];
  close(): void;
}

const HOST = '127.0.0.1';
const HOST_PORT = /@?([0-9.]+):([0-9]+)/;

const linesOf = (text: string): { start: string; headers: string[]; body: string } => {
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...headers] = text.slice(0, end).split('\r\n');
  return { start, headers, body: text.slice(end + 4) };
};

/** Values of a header, one an entry, wherever they stand. */
const isNamed = (line: string, name: string): boolean =>
  line.toLowerCase().startsWith(`${name.toLowerCase()}:`);

const valuesOf = (headers: readonly string[], name: string): string[] =>
  headers
    .filter((line) => isNamed(line, name))
    .flatMap((line) => line.slice(line.indexOf(':') + 1).split(/,(?=\s*(?:<|SIP))/))
    .map((value) => value.trim());

/** The same headers, with these values of one name in the place of what was there: on top. */
const withValues = (headers: readonly string[], name: string, values: readonly string[]): string[] => [
  ...values.map((value) => `${name}: ${value}`),
  ...headers.filter((line) => !isNamed(line, name)),
];

type Sent = Readonly<{ text: string; host: string; port: number }>;

const render = (start: string, headers: readonly string[], body: string): string =>
  `${[start, ...headers].join('\r\n')}\r\n\r\n${body}`;

const onward = (text: string, own: string): Sent | undefined => {
  const { start, headers, body } = linesOf(text);
  const [, ...routes] = valuesOf(headers, 'Route');
  const [, host, port] = HOST_PORT.exec(routes[0] ?? start) ?? [];
  if (host === undefined) return undefined;
  const vias = valuesOf(headers, 'Via');
  // Of one branch whatever the method: CANCEL and ACK go where the INVITE went.
  const branch = /branch=z9hG4bK([^;,\s]+)/.exec(vias[0] ?? '')?.[1] ?? 'none';
  const via = `SIP/2.0/UDP ${own};branch=z9hG4bKas-${branch}`;
  const records = [`<sip:${own};lr>`, ...valuesOf(headers, 'Record-Route')];
  const kept = withValues(withValues(headers, 'Route', routes), 'Record-Route', records);
  return { text: render(start, withValues(kept, 'Via', [via, ...vias]), body), host, port: Number(port) };
};

const backward = (text: string): Sent | undefined => {
  const { start, headers, body } = linesOf(text);
  const [, ...vias] = valuesOf(headers, 'Via');
  const [, host, port] = /SIP\/2\.0\/\w+\s+([^:;\s]+):?([0-9]*)/.exec(vias[0] ?? '') ?? [];
  if (host === undefined) return undefined;
  return { text: render(start, withValues(headers, 'Via', vias), body), host, port: Number(port) };
};

const busy = (text: string): string => {
  const { headers } = linesOf(text);
  const kept = ['Via', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
    valuesOf(headers, name).map((value) => `${name}: ${value}`),
  );
  const to = `To: ${valuesOf(headers, 'To')[0] ?? ''};tag=as`;
  return render('SIP/2.0 486 Busy Here', [...kept, to, 'Content-Length: 0'], '');
};

/** Listens on a port of its own. `scscfPort`: where answers go, as its Via names itself without an address that resolves. */
export const startUdpServer = async (scscfPort: number): Promise<UdpServer> => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  const own = `${HOST}:${socket.address().port}`;
  const send = ({ text, host, port }: Sent): void =>
    socket.send(text, port === 0 ? scscfPort : port, /^[0-9.]+$/.test(host) ? host : HOST);
  const server: UdpServer = {
    uri: `sip:${own}`,
    mode: 'gives-back',
    received: [],
    close: () => socket.close(),
  };
  socket.on('message', (data, peer) => {
    const text = data.toString('utf8');
    if (text.startsWith('SIP/2.0')) {
      const back = backward(text);
      if (back !== undefined) send(back);
      return;
    }
    server.received.push(text);
    if (server.mode === 'silent') return;
    const method = text.slice(0, text.indexOf(' '));
    if (server.mode === 'busy' && method === 'INVITE')
      return send({ text: busy(text), host: peer.address, port: peer.port });
    const on = onward(text, own);
    if (on !== undefined && (server.mode === 'gives-back' || method !== 'ACK')) send(on);
  });
  return server;
};
