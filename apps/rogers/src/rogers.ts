// Rogers: memcached's protocol in front, memcached servers behind, which clients never see. Each value is on two of them, changes are agreed
// through what stands in the servers themselves, and any number of Rogers may run. Made of: proxy/ (requests), view-keeper.ts and
// astaire/ (who holds what). No sockets here: adapters/ has them.
import type { Clock, HotCounter, Random } from '#libs/runtime';
import { Astaire } from './astaire/astaire.js';
import type { CacheServer, ServerWatcher } from './cache-server.port.js';
import type { Merge } from './proxy/operation.port.js';
import { Router } from './proxy/router.js';
import { createVersions } from './stored-value.js';
import type { Topology } from './topology.js';
import { SERVERS_MAX, type View } from './view.js';
import { ViewKeeper } from './view-keeper.js';
import { ViewTable } from './view-table.js';

/** How often it is looked for requests that have waited too long. */
const SWEEP_MS = 25;
/** Of the configuration and of all views together; more are a defect of the configuration. */
const SERVERS_KNOWN_MAX = 4 * SERVERS_MAX;

export type RogersCounters = Readonly<{
  gets: HotCounter;
  changes: HotCounter;
  failures: HotCounter;
  repairs: HotCounter;
  merges: HotCounter;
  conflicts: HotCounter;
  copied: HotCounter;
  copiedBytes: HotCounter;
  purged: HotCounter;
  filled: HotCounter;
}>;

export type RogersPorts = Readonly<{
  clock: Clock;
  random: Random;
  openServer: (name: string, watcher: ServerWatcher) => CacheServer;
  topology: () => Topology;
  merge: Merge;
  count: RogersCounters;
  /** How long a request may wait for servers and views. */
  patienceMs: number;
  onChange?: (vbucket: number, from: View | undefined, to: View) => void;
  onFailure?: (error: unknown) => void;
}>;

export interface Rogers {
  readonly router: Router;
  readonly astaire: Astaire;
  readonly table: ViewTable;
  /** Those that are known, also such as are leaving. */
  servers(): Iterable<CacheServer>;
  start(): void;
  stop(): Promise<void>;
}

export const createRogers = (ports: RogersPorts): Rogers => {
  const { clock, random, openServer, topology, count, onChange = () => undefined } = ports;
  const versions = createVersions(clock, random);
  const servers = new Map<string, CacheServer>();
  const serverOf = (name: string): CacheServer => {
    const known = servers.get(name);
    if (known !== undefined) return known;
    if (servers.size >= SERVERS_KNOWN_MAX) throw new RangeError(`more than ${SERVERS_KNOWN_MAX} servers`);
    const server = openServer(name, keeper);
    servers.set(name, server);
    return server;
  };
  const table = new ViewTable(serverOf);
  const keeper = new ViewKeeper({ table, versions, serverOf, onChange });
  const router = new Router({ ...ports, table, keeper, versions });
  const astaire = new Astaire({
    clock,
    table,
    keeper,
    serverOf,
    topology,
    count,
    locks: { token: random.token(20), taken: new Set() },
    onFailure: ports.onFailure ?? (() => undefined),
  });
  /** A server that is in no view and not in the configuration any more. */
  const forgetOthers = (): void => {
    const wanted = topology().servers;
    if (servers.size <= wanted.length) return;
    for (const [name, server] of servers)
      if (!wanted.includes(name) && table.naming(name).next().done === true) {
        servers.delete(name);
        server.close();
      }
  };
  let cancel = (): void => undefined;
  const sweep = (): void => {
    cancel = clock.after(SWEEP_MS, () => {
      table.sweep(clock.monotonicMs());
      forgetOthers();
      sweep();
    });
  };
  return {
    router,
    astaire,
    table,
    servers: () => servers.values(),
    start() {
      for (const name of topology().servers) serverOf(name);
      sweep();
      astaire.start();
    },
    async stop() {
      cancel();
      await astaire.stop();
      table.sweep(Infinity);
      for (const server of servers.values()) server.close();
    },
  };
};
