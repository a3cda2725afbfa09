// The management port: GET /healthz (200 when all parts are ready, else 503; JSON by part), GET /metrics (Prometheus), GET /ping.
// One a process, whatever number of apps runs in it; plain node:http, so that it answers from the first moment of a start.
// Read by operators, load balancers, Prometheus and the bench.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { errorBody } from './error-body.js';
import type { Health } from './health.js';
import type { Metrics } from './metrics.js';
import type { PeerCheck } from './trusted-peers.js';

const REQUEST_MS_MAX = 10_000;
const CONNECTIONS_MAX = 256;
const JSON_TYPE = 'application/json; charset=utf-8';

export type ManagementOptions = Readonly<{
  host: string;
  port: number;
  health: Health;
  metrics: Metrics;
  peers?: PeerCheck;
}>;

export interface ManagementServer {
  readonly port: number;
  close(): Promise<void>;
}

type Answer = Readonly<{ status: number; type: string; body: string }>;

const fault = (status: number, reason: string): Answer => ({
  status,
  type: JSON_TYPE,
  body: JSON.stringify(errorBody(status, reason)),
});

const answer = async (request: IncomingMessage, options: ManagementOptions): Promise<Answer> => {
  const { health, metrics, peers } = options;
  if (peers && !peers(request.socket.remoteAddress ?? ''))
    return fault(403, 'this address is not in TRUSTED_PEERS');
  const known = ['/ping', '/healthz', '/metrics'];
  const [path = ''] = (request.url ?? '').split('?', 1);
  if (known.includes(path) && request.method !== 'GET' && request.method !== 'HEAD')
    return fault(405, 'only GET');
  switch (path) {
    case '/ping':
      return { status: 200, type: 'text/plain; charset=utf-8', body: 'OK' };
    case '/healthz':
      return { status: health.ok ? 200 : 503, type: JSON_TYPE, body: JSON.stringify(health.status()) };
    case '/metrics':
      return { status: 200, type: metrics.contentType, body: await metrics.text() };
    default:
      return fault(404, 'no such resource');
  }
};

const send = (request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void => {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
};

export const startManagement = async (options: ManagementOptions): Promise<ManagementServer> => {
  const server = createServer({ requestTimeout: REQUEST_MS_MAX }, (request, response) => {
    request.resume(); // a body is read and dropped
    answer(request, options)
      .catch(() => fault(500, 'internal error'))
      .then((made) => send(request, response, made))
      .catch(() => request.destroy());
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
