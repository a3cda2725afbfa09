// Connections over undici, with keep-alive, bounded in number, time and size. The only file that imports it.
// Port: http-pool.port.ts.
import { errors, Pool } from 'undici';
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

const kindOf = (error: unknown): HttpFaultKind => {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (name === 'TimeoutError' || (typeof code === 'string' && TIMEOUTS.has(code))) return 'timeout';
  return typeof code === 'string' && UNREACHABLE.has(code) ? 'unreachable' : 'broken';
};

const faultOf = (error: unknown): HttpFault =>
  new HttpFault(kindOf(error), error instanceof Error ? error.message : '');

const firstValues = (headers: Readonly<Record<string, string | string[] | undefined>>) =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = Array.isArray(value) ? value[0] : value;
      return first === undefined ? [] : [[name.toLowerCase(), first] as const];
    }),
  );

export const createUndiciTransport = ({
  connectMs = CONNECT_MS,
  answerMs = ANSWER_MS,
  connectionsMax = CONNECTIONS_MAX,
  answerBytesMax = ANSWER_BYTES_MAX,
}: UndiciOptions = {}): HttpTransport => ({
  open({ address, port }: Target): HttpConnections {
    const origin = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
    const pool = new Pool(origin, {
      connections: connectionsMax,
      connect: { timeout: connectMs },
      headersTimeout: answerMs,
      bodyTimeout: answerMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxResponseSize: answerBytesMax,
    });
    return {
      async request({ method, path, headers, body }): Promise<HttpResponse> {
        try {
          // undici's own time-outs have a resolution of a second; this one is exact, and covers the wait for a connection.
          const signal = AbortSignal.timeout(connectMs + answerMs);
          const answer = await pool.request({
            method,
            path,
            signal,
            ...(headers ? { headers } : {}),
            ...(body === undefined ? {} : { body }),
          });
          const text = await answer.body.text();
          return { status: answer.statusCode, headers: firstValues(answer.headers), body: text };
        } catch (error) {
          throw faultOf(error);
        }
      },
      close: () =>
        pool.close().catch((error: unknown) => {
          if (!(error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError))
            throw error;
        }),
    };
  },
});
