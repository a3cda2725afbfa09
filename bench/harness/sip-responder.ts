// A SIP server for tests that answers every request 200 and counts: what routing and DNS are judged by. UDP and TCP at one address and port;
// it can be stopped, and started again where it was.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { firstHeader } from '#libs/testkit';
import { buildReply, type Header, headerValues, methodOf } from './sip-text.js';
import { createFramer } from './sip-socket.js';

export interface SipResponder {
  readonly address: string;
  readonly port: number;
  /** Requests other than ACK. */
  readonly asked: number;
  /** The newest of them, at most REQUESTS_KEPT_MAX. */
  readonly requests: readonly string[];
  /** Connections that were ever taken. */
  readonly connections: number;
  start(): Promise<void>;
  /** As a machine that is switched off: connections break, and none is taken. */
  stop(): Promise<void>;
}

const REQUESTS_KEPT_MAX = 100;

/** A registrar's answer lists what was registered. */
const headersFor = (request: string): Header[] =>
  methodOf(request) === 'REGISTER'
    ? headerValues(request, 'Contact').map((contact): Header => ['Contact', `${contact};expires=300`])
    : [];

class Responder implements SipResponder {
  asked = 0;
  readonly requests: string[] = [];
  connections = 0;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #udp: UdpSocket | undefined;

  constructor(
    readonly address: string,
    readonly port: number,
  ) {}

  async start(): Promise<void> {
    const server = createServer((socket) => this.#accepted(socket));
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(this.port, this.address, resolve),
    );
    this.#server = server;
    const udp = createSocket('udp4');
    udp.on('message', (data, { address, port }) =>
      this.#heard(data.toString('utf8'), (reply) => udp.send(reply, port, address)),
    );
    udp.on('error', () => undefined);
    await new Promise<void>((resolve) => udp.bind(this.port, this.address, resolve));
    this.#udp = udp;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    this.#udp?.close();
    this.#udp = undefined;
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  #accepted(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on(
      'data',
      createFramer((text) => this.#heard(text, (reply) => void socket.write(reply))),
    );
  }

  #heard(request: string, send: (reply: string) => void): void {
    if (request.trim() === '' || request.startsWith('SIP/2.0') || methodOf(request) === 'ACK') return;
    this.asked += 1;
    this.requests.push(request);
    if (this.requests.length > REQUESTS_KEPT_MAX) this.requests.shift();
    const tag = (firstHeader(request, 'Call-ID') ?? '').slice(0, 8);
    send(buildReply(request, 200, 'OK', `r${tag}`, headersFor(request)));
  }
}

export const startResponder = async (address: string, port: number): Promise<SipResponder> => {
  const responder = new Responder(address, port);
  await responder.start();
  return responder;
};
