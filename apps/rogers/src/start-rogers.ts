// Rogers as a part of a process: servers, Astaire, the clients' port, metrics, put together from configuration. Used by main.ts.
import { createPeerCheck, type DrainPart, isLoopback, type ProcessConfig, type ProcessParts, waitUntil } from '#libs/runtime'; // prettier-ignore
import { MemcachedServer } from './adapters/memcached-server.js';
import { listenForClients, type RogersListener } from './adapters/rogers-listener.js';
import { rowMerge } from './merge/row-merge.js';
import { VBUCKETS } from './placement.js';
import { createRogers, type Rogers, type RogersCounters } from './rogers.js';
import type { RogersConfig } from './rogers.config.js';
import type { Topology } from './topology.js';
import type { View } from './view.js';

/** What clients are told: one of memcached's versions, so that they know what to expect. */
export const ROGERS_VERSION = '1.6.0_rogers';
/** A request waits for a server that does not answer, and for the others to agree to go on without it. */
const PATIENCE_TIMEOUTS = 3;
const READY_LOOK_MS = 50;
const RATE_S = 5;
const FAILURES_A_LINE = 100;

export type RogersOptions = ProcessParts &
  Readonly<{ process: ProcessConfig; config: RogersConfig; topology: () => Topology }>;

export type RunningRogers = Readonly<{ rogers: Rogers; listener: RogersListener }>;

const countersIn = ({ metrics }: ProcessParts): RogersCounters => ({
  gets: metrics.counter('rogers_gets_total', 'Keys read by clients'),
  changes: metrics.counter('rogers_changes_total', 'Keys that clients changed or tried to change'),
  failures: metrics.counter('rogers_failures_total', 'Requests that no server could answer'),
  repairs: metrics.counter('rogers_repairs_total', 'Reads that found a replica behind and brought it up to date'),
  merges: metrics.counter('rogers_merges_total', 'Rows brought together from two values'),
  conflicts: metrics.counter('rogers_conflicts_total', 'Changes begun again because another Rogers was first'),
  copied: metrics.counter('rogers_astaire_keys_copied_total', 'Keys that Astaire copied to a server that is filled'),
  copiedBytes: metrics.counter('rogers_astaire_bytes_copied_total', 'Bytes of them'),
  purged: metrics.counter('rogers_astaire_keys_dropped_total', 'Keys that Astaire dropped where they do not belong'),
  filled: metrics.counter('rogers_astaire_vbuckets_filled_total', 'Vbuckets with which a server was filled'),
}); // prettier-ignore

const gauges = ({ metrics, clock }: ProcessParts, rogers: Rogers, count: RogersCounters, listener: RogersListener) => {
  const { astaire, router } = rogers;
  metrics.gauge('rogers_astaire_vbuckets_behind', 'Vbuckets that are not on the servers where they should be', () => astaire.behind);
  metrics.gauge('rogers_requests_pending', 'Requests of clients under way', () => router.pending);
  metrics.gauge('rogers_connections', 'Clients connected', () => listener.connections);
  metrics.labelled('rogers_server_up', 'Servers: 1 where it answers', 'server', () =>
    [...rogers.servers()].map(({ name, isUp }) => [name, isUp ? 1 : 0] as const));
  let last = { n: 0, atMs: clock.monotonicMs(), rate: 0 };
  metrics.gauge('rogers_astaire_keys_per_second', 'Rate at which Astaire copies', () => {
    const seconds = (clock.monotonicMs() - last.atMs) / 1000;
    if (seconds >= RATE_S) last = { n: count.copied.n, atMs: clock.monotonicMs(), rate: (count.copied.n - last.n) / seconds };
    return last.rate;
  });
}; // prettier-ignore

/** What `stats` answers. */
const statsOf = (rogers: Rogers, count: RogersCounters): readonly (readonly [string, string])[] => [
  ['version', ROGERS_VERSION],
  ...Object.entries(count).map(([name, { n }]) => [name, String(n)] as const),
  ['vbuckets', String(VBUCKETS)],
  ['vbuckets_behind', String(rogers.astaire.behind)],
];

/** Starts it; resolves when it listens. The part is ready when it knows where each vbucket is. */
export const startRogers = async (options: RogersOptions): Promise<RunningRogers> => {
  const { clock, random, logger, health, shutdown, config, process, topology } = options;
  const part = health.part('rogers');
  const count = countersIn(options);
  const timeoutMs = config.rogersTimeoutMs;
  const rogers = createRogers({
    clock,
    random,
    topology,
    count,
    merge: rowMerge,
    patienceMs: PATIENCE_TIMEOUTS * timeoutMs,
    openServer: (name, watcher) => new MemcachedServer({ name, clock, timeoutMs, watcher }),
    onChange: viewLogger(options),
    onFailure: failureLogger(options),
  }); // prettier-ignore
  if (!isLoopback(process.bindAddress))
    logger.warn({ part: 'rogers' }, 'memcached’s protocol has no encryption: only TRUSTED_PEERS may connect');
  const refused = options.metrics.counter('rogers_connections_refused_total', 'Clients that may not connect, or were too many'); // prettier-ignore
  const listener = await listenForClients({
    host: process.bindAddress,
    port: config.rogersPort,
    connectionsMax: config.rogersConnections,
    peers: createPeerCheck(process.trustedPeers),
    session: { router: rogers.router, version: ROGERS_VERSION, stats: () => statsOf(rogers, count) },
    onRefused: () => void refused.n++,
  });
  gauges(options, rogers, count, listener);
  rogers.start();
  options.drain?.add('rogers', rogersDrain(listener));
  shutdown.on('refuse', 'rogers', () => listener.refuse());
  shutdown.on('finish', 'rogers', () => waitUntil(clock, () => listener.pending === 0));
  shutdown.on('close', 'rogers', async () => {
    await listener.close();
    await rogers.stop();
  });
  const look = (): void => {
    const isPlaced = Array.from({ length: VBUCKETS }, (_, n) => rogers.table.of(n)).every(Boolean);
    if (isPlaced) part.ready();
    else clock.after(READY_LOOK_MS, look);
  };
  look();
  return { rogers, listener };
};

/** Its clients go to the others; what it does for servers goes on. */
const rogersDrain = (listener: RogersListener): DrainPart => ({
  leave: () => listener.leave(),
  comeBack: () => listener.comeBack(),
  unfinished: () =>
    listener.connections === 0 ? undefined : `${listener.connections} clients, ${listener.pending} requests`,
});

/** Told when it begins, and now and then while it lasts: it is tried several times a second. */
const failureLogger = ({ logger }: ProcessParts) => {
  let failures = 0;
  return (error: unknown): void => {
    if (failures++ % FAILURES_A_LINE === 0)
      logger.warn({ part: 'astaire', failures, err: error }, 'a server cannot be filled yet; trying again');
  };
};

/** Changes of views come by the hundred: told together. */
const viewLogger = ({ clock, logger }: ProcessParts) => {
  let changed = new Set<number>();
  let members = new Set<string>();
  return (vbucket: number, _from: View | undefined, to: View): void => {
    if (changed.size === 0)
      clock.after(READY_LOOK_MS, () => {
        logger.info({ part: 'rogers', vbuckets: changed.size, servers: [...members].sort() }, 'vbuckets have other servers'); // prettier-ignore
        changed = new Set();
        members = new Set();
      });
    changed.add(vbucket);
    for (const name of to.members) members.add(name);
  };
};
