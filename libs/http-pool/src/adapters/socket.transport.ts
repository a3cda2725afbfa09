// Connections over plain sockets, for many small requests: one write a request, one timer, and nothing between the socket and the answer.
// Keep-alive, bounded in number, time and size, as undici.transport.ts is, which is there for everything else. Port: http-pool.port.ts.
import { connect, type Socket } from 'node:net';
import { systemClock } from '#libs/runtime';
import { type HttpConnections, HttpFault, type HttpRequest, type HttpResponse, type HttpTransport, type Target } from '../http-pool.port.js'; // prettier-ignore
import { type Reading, ResponseReader } from './response-reader.js';

export type SocketOptions = Readonly<{
  /** Connection set-up. */
  connectMs: number;
  /** With connectMs: from the request to the last byte of its answer, the wait for a connection included. */
  answerMs: number;
  /** Connections to one address; further requests wait for one within their time, WAITING_MAX at most. */
  connectionsMax: number;
  /** A longer body breaks the connection. */
  answerBytesMax: number;
}>;

/** Requests that wait for a connection to one address; beyond it they are refused. */
const WAITING_MAX = 10_000;
/** Shorter than most servers', so that it is seldom the server that closes under a request. */
const IDLE_MS_MAX = 30_000;
/** So long before a server closes what is idle, by its own word, nothing is asked on it any more. */
const IDLE_MARGIN_MS = 2_000;

const UNREACHABLE: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']); // prettier-ignore
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e]*$/;
const PATH = /^\/[\x21-\x7e]*$/;

/** One request from its call to its answer; what comes after its time is nobody's. */
class Asked {
  connection: Connection | undefined;
  isOver = false;
  private readonly cancelTimer: () => void;

  constructor(
    readonly text: string,
    withinMs: number,
    private readonly resolve: (response: HttpResponse) => void,
    private readonly reject: (fault: HttpFault) => void,
  ) {
    this.cancelTimer = systemClock.after(withinMs, () => this.failed(new HttpFault('timeout', 'no answer in time'))); // prettier-ignore
  }

  answered(response: HttpResponse): void {
    this.over();
    this.resolve(response);
  }

  failed(fault: HttpFault): void {
    if (this.isOver) return;
    this.over();
    this.reject(fault);
    // Its answer may still come: nothing else is asked there.
    this.connection?.destroy();
  }

  private over(): void {
    this.isOver = true;
    this.cancelTimer();
  }
}

/** One socket; at most one request is under way on it. */
class Connection {
  idleUntilMs = 0;
  private readonly socket: Socket;
  private asked: Asked | undefined;
  private reader: ResponseReader | undefined;
  private isOpen = false;
  private isGone = false;

  constructor(
    target: Target,
    private readonly options: SocketOptions,
    private readonly onIdle: (connection: Connection) => void,
    private readonly onGone: (connection: Connection) => void,
  ) {
    const { address: host, port } = target;
    this.socket = connect({ host, port, noDelay: true });
    const cancelConnect = systemClock.after(options.connectMs, () => this.gone(new HttpFault('unreachable', 'no connection in time'))); // prettier-ignore
    this.socket
      .on('connect', () => {
        cancelConnect();
        this.isOpen = true;
        this.socket.setTimeout(IDLE_MS_MAX, () => this.asked === undefined && this.destroy());
      })
      .on('data', (bytes: Buffer) => this.read(bytes))
      .on('end', () => this.ended())
      .on('error', (error: NodeJS.ErrnoException) => {
        const kind = !this.isOpen && UNREACHABLE.has(error.code ?? '') ? 'unreachable' : 'broken';
        this.gone(new HttpFault(kind, error.message));
      })
      .on('close', () => {
        cancelConnect();
        this.gone(new HttpFault('broken', 'the connection was closed'));
      });
  } // prettier-ignore

  /** On a connection that is being made too: it is written once there is one. */
  ask(asked: Asked): void {
    this.asked = asked;
    asked.connection = this;
    this.reader = new ResponseReader(this.options.answerBytesMax);
    this.socket.write(asked.text, 'utf8');
  }

  destroy(): void {
    this.gone(new HttpFault('broken', 'the connection was given up'));
  }

  private read(bytes: Buffer): void {
    // An answer to nothing.
    if (this.reader === undefined) return this.destroy();
    this.took(this.reader.push(bytes));
  }

  private ended(): void {
    if (this.reader !== undefined) this.took(this.reader.end());
    this.destroy();
  }

  private took(reading: Reading): void {
    if (reading.state === 'more') return;
    if (reading.state === 'bad') return this.gone(new HttpFault('broken', reading.reason));
    const { asked } = this;
    this.asked = this.reader = undefined;
    if (asked !== undefined) {
      asked.connection = undefined;
      const idleMs = Math.min(IDLE_MS_MAX, (reading.idleMs ?? Infinity) - IDLE_MARGIN_MS);
      this.idleUntilMs = systemClock.monotonicMs() + idleMs;
      if (reading.isLast || idleMs <= 0) this.destroy();
      else this.onIdle(this);
      asked.answered(reading.response);
    }
  }

  private gone(fault: HttpFault): void {
    if (this.isGone) return;
    this.isGone = true;
    const { asked } = this;
    this.asked = this.reader = undefined;
    this.socket.destroy();
    if (asked !== undefined) {
      asked.connection = undefined;
      asked.failed(fault);
    }
    this.onGone(this);
  }
}

const textOf = (host: string, { method, path, headers = {}, body }: HttpRequest): string => {
  if (!PATH.test(path)) throw new HttpFault('broken', 'a path that is none');
  let text = `${method} ${path} HTTP/1.1\r\n`;
  if (headers['host'] === undefined) text += `host: ${host}\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (!TOKEN.test(name) || !VALUE.test(value)) throw new HttpFault('broken', `a header that is none: ${name}`);
    text += `${name}: ${value}\r\n`;
  }
  if (body === undefined) return method === 'GET' || method === 'DELETE' ? `${text}\r\n` : `${text}content-length: 0\r\n\r\n`;
  return `${text}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}; // prettier-ignore

class SocketConnections implements HttpConnections {
  /** The one that was used last is used next. */
  private readonly idle: Connection[] = [];
  private readonly all = new Set<Connection>();
  private readonly waiting: Asked[] = [];
  private pending = 0;
  private closed: PromiseWithResolvers<void> | undefined;
  private readonly host: string;

  constructor(
    private readonly target: Target,
    private readonly options: SocketOptions,
  ) {
    const { address, port } = target;
    this.host = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      if (this.closed !== undefined) throw new HttpFault('unreachable', 'the connections are closed');
      if (this.waiting.length >= WAITING_MAX) throw new HttpFault('unreachable', 'too many requests wait');
      const { connectMs, answerMs } = this.options;
      const over = (): void => {
        this.pending--;
        if (this.closed !== undefined) this.closeIfDone();
      };
      const asked = new Asked(
        textOf(this.host, request),
        connectMs + answerMs,
        (response) => (over(), resolve(response)),
        (fault) => (over(), reject(fault)),
      );
      this.pending++;
      const connection = this.idleOne() ?? this.newOne();
      if (connection === undefined) this.waiting.push(asked);
      else connection.ask(asked);
    });
  }

  close(): Promise<void> {
    this.closed ??= Promise.withResolvers();
    this.closeIfDone();
    return this.closed.promise;
  }

  private closeIfDone(): void {
    if (this.pending > 0) return;
    for (const connection of [...this.all]) connection.destroy();
    this.closed?.resolve();
  }

  private idleOne(): Connection | undefined {
    const nowMs = systemClock.monotonicMs();
    for (let last = this.idle.pop(); last !== undefined; last = this.idle.pop()) {
      if (last.idleUntilMs > nowMs) return last;
      last.destroy();
    }
    return undefined;
  }

  private newOne(): Connection | undefined {
    if (this.all.size >= this.options.connectionsMax) return undefined;
    const made = new Connection(
      this.target,
      this.options,
      (connection) => this.isIdle(connection),
      (connection) => this.isGone(connection),
    );
    this.all.add(made);
    return made;
  }

  private isIdle(connection: Connection): void {
    const next = this.nextWaiting();
    if (next === undefined) this.idle.push(connection);
    else connection.ask(next);
  }

  private isGone(connection: Connection): void {
    this.all.delete(connection);
    const at = this.idle.indexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
    const next = this.closed === undefined || this.pending > 0 ? this.nextWaiting() : undefined;
    if (next !== undefined) this.newOne()?.ask(next);
  }

  private nextWaiting(): Asked | undefined {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift())
      if (!next.isOver) return next;
    return undefined;
  }
}

export const createSocketTransport = (options: SocketOptions): HttpTransport => ({
  open(target) {
    if (target.secureName !== undefined) throw new RangeError('plain sockets speak no TLS');
    return new SocketConnections(target, options);
  },
});
