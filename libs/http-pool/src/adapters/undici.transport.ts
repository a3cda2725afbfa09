// Connections over undici, with keep-alive, bounded in number, time and size. The only file that imports it.
// Port: http-pool.port.ts.
import { isIP } from 'node:net';
import { type Dispatcher, errors, Pool } from 'undici';
import { systemClock } from '#libs/runtime';
import {
  type HttpConnections,
  HttpFault,
  type HttpFaultKind,
  type HttpResponse,
  type HttpTransport,
  type Target,
} from '../http-pool.port.js';

export type UndiciOptions = Readonly<{
  /** Connection set-up. backend.md §0.2: 50 ms on a site, 250 ms between sites. */
  connectMs?: number;
  /** From the request to the last byte of its answer. backend.md §0.2: five times a target latency of 100 ms. */
  answerMs?: number;
  /** Connections to one address; further requests wait for one within answerMs. */
  connectionsMax?: number;
  /** A longer answer breaks the connection. */
  answerBytesMax?: number;
  /** PEM of those who vouch for servers over TLS; absent: the public ones. */
  ca?: string | undefined;
}>;

export const CONNECT_MS = 250;
export const ANSWER_MS = 550;
export const CONNECTIONS_MAX = 32;
export const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** Shorter than the server's, so that it is never the server that closes under a request. */
const KEEP_ALIVE_MS = 30_000;

const TIMEOUTS: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_ABORTED',
  'ABORT_ERR',
]);
const UNREACHABLE: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

/** What node:tls and OpenSSL say of a certificate: nothing was sent, as to a server that cannot be reached. */
const UNTRUSTED = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

const kindOf = (error: unknown): HttpFaultKind => {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (name === 'TimeoutError' || (typeof code === 'string' && TIMEOUTS.has(code))) return 'timeout';
  if (typeof code !== 'string') return 'broken';
  return UNREACHABLE.has(code) || UNTRUSTED.test(code) ? 'unreachable' : 'broken';
};

const faultOf = (error: unknown): HttpFault =>
  new HttpFault(kindOf(error), error instanceof Error ? error.message : '');

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const firstValues = (headers: Headers): Record<string, string> => {
  const values: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) values[name.toLowerCase()] = first;
  }
  return values;
};

/**
 * One answer, put together from what undici tells. Without streams and an AbortSignal a request, which cost more than all the
 * rest. undici's own time-outs have a resolution of a second; this one is exact, and covers the wait for a connection.
 */
class Answer implements Dispatcher.DispatchHandler {
  private readonly cancelTimer: () => void;
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private headers: Headers = {};
  private readonly chunks: Buffer[] = [];
  private isLate = false;

  constructor(
    answerMs: number,
    private readonly resolve: (response: HttpResponse) => void,
    private readonly reject: (fault: HttpFault) => void,
  ) {
    this.cancelTimer = systemClock.after(answerMs, () => this.late());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.isLate) controller.abort(new Error('nobody waits for it any more'));
  }

  /** Provisional answers come here too; the last one counts. */
  onResponseStart(_controller: unknown, status: number, headers: Headers): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.cancelTimer();
    const { status, headers, chunks } = this;
    const body = chunks.length === 0 ? '' : Buffer.concat(chunks).toString('utf8');
    this.resolve({ status, headers: firstValues(headers), body });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.failed(faultOf(error));
  }

  failed(fault: HttpFault): void {
    this.cancelTimer();
    this.reject(fault);
  }

  private late(): void {
    this.isLate = true;
    this.reject(new HttpFault('timeout', 'no answer in time'));
    this.controller?.abort(new Error('no answer in time'));
  }
}

/** The certificate has to be of the name in the URL, not of the address that is connected to; no name is asked for where that is an address. */
const secureOptions = (secureName: string | undefined, ca: string | undefined) =>
  secureName === undefined
    ? {}
    : {
        ...(ca === undefined ? {} : { ca }),
        ...(isIP(secureName) === 0 ? { servername: secureName } : {}),
      };

export const createUndiciTransport = ({
  connectMs = CONNECT_MS,
  answerMs = ANSWER_MS,
  connectionsMax = CONNECTIONS_MAX,
  answerBytesMax = ANSWER_BYTES_MAX,
  ca,
}: UndiciOptions = {}): HttpTransport => ({
  open({ address, port, secureName }: Target): HttpConnections {
    const origin = `${secureName === undefined ? 'http' : 'https'}://${address.includes(':') ? `[${address}]` : address}:${port}`;
    const pool = new Pool(origin, {
      connections: connectionsMax,
      connect: { timeout: connectMs, ...secureOptions(secureName, ca) },
      headersTimeout: answerMs,
      bodyTimeout: answerMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxResponseSize: answerBytesMax,
    });
    return {
      request: ({ method, path, headers, body }) =>
        new Promise<HttpResponse>((resolve, reject) => {
          const answer = new Answer(connectMs + answerMs, resolve, reject);
          try {
            pool.dispatch({ method, path, headers: headers ?? null, body: body ?? null }, answer);
          } catch (error) {
            answer.failed(faultOf(error));
          }
        }),
      close: () =>
        pool.close().catch((error: unknown) => {
          if (!(error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError))
            throw error;
        }),
    };
  },
});
