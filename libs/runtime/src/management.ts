// The management port: GET /healthz (200 when all parts are ready, else 503; JSON by part), GET /metrics (Prometheus), GET /ping.
// One a process, whatever number of apps runs in it. Read by operators, load balancers, Prometheus and the bench.
import fastify from 'fastify';
import type { Health } from './health.js';
import { errorBody } from './http-errors.js';
import type { Metrics } from './metrics.js';
import type { PeerCheck } from './trusted-peers.js';

const REQUEST_MS_MAX = 10_000;
const CONNECTIONS_MAX = 256;

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

export const startManagement = async (options: ManagementOptions): Promise<ManagementServer> => {
  const { host, port, health, metrics, peers } = options;
  const server = fastify({ requestTimeout: REQUEST_MS_MAX, forceCloseConnections: true, bodyLimit: 1024 });
  server.server.maxConnections = CONNECTIONS_MAX;
  server.addHook('onRequest', async (request, reply) =>
    peers && !peers(request.socket.remoteAddress ?? '')
      ? reply.status(403).send(errorBody(403, 'this address is not in TRUSTED_PEERS'))
      : undefined,
  );
  server.setNotFoundHandler((_request, reply) => reply.status(404).send(errorBody(404, 'no such resource')));
  server.get('/ping', (_request, reply) => reply.type('text/plain; charset=utf-8').send('OK'));
  server.get('/healthz', (_request, reply) => reply.status(health.ok ? 200 : 503).send(health.status()));
  server.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
  await server.listen({ host, port });
  const address = server.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => server.close(),
  };
};
