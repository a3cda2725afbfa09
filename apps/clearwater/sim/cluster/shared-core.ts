// One node of several on one log and one cache, each a process of its own: what dies with it, and the view that it shares with the
// others as the product does (VIEW_STORE=memcached). Beside core.ts, which is the all-in-one on its own disk. Used by world.ts.
import { createChallengeStore, sharedChains } from '#apps/sprout';
import { type Registration, streamOfRegistration } from '#libs/domain';
import { createMetrics, silentLogger } from '#libs/runtime';
import type { TimerWheel } from '#libs/sip';
import { createMemcachedKeyValueStore, type Engines } from '#libs/stores';
import {
  openSharedRegistrationView,
  registrationCodec,
  RegistrationRows,
  registrationsByAor,
  type SharedView,
  whatIsRegistered,
} from '#projections/registrations-by-aor';
import { type Common, type Core, endNodes, type Ground, startEdge, startRouter } from '../core.js';
import type { FaultCounts } from '../storm/fault-counts.js';
import { faultyStore } from '../faults.js';
import { Life, mortalHomestead, mortalLog, mortalStore } from '../life.js';
import { turnedLog, turnedStore } from '../turned-ports.js';
import { CacheCluster } from './cache-cluster.js';
import { logClient, type Owners, plainLog } from './log-client.js';
import { LogCluster } from './log-cluster.js';

const GENERATION = 'sim';

/** What the nodes share. */
export type Shared = Readonly<{
  log: LogCluster;
  cache: CacheCluster;
  owners: Owners;
  /** The rows as they are, for who checks them. */
  rows: RegistrationRows;
}>;

const rowsIn = (cluster: SharedView['cluster'], { clock }: Pick<Ground, 'clock'>) =>
  createMemcachedKeyValueStore<Registration>({
    cluster,
    clock,
    name: registrationsByAor.name,
    codec: registrationCodec,
    generation: `v${registrationsByAor.version}-${GENERATION}`,
  });

export const newShared = (ground: Pick<Ground, 'clock' | 'random'>, counts: FaultCounts): Shared => {
  const { clock } = ground;
  const random = ground.random.fork('cluster');
  const cache = new CacheCluster({ clock, random, counts });
  return {
    log: new LogCluster({ clock, random, counts }),
    cache,
    owners: new Map(),
    rows: new RegistrationRows(rowsIn(cache.seenBy(undefined), ground), clock),
  };
};

/** Starts one node; resolves when its view shows what the log holds, which takes time. */
export const startSharedCore = async (
  ground: Ground,
  { log: cluster, cache, owners }: Shared,
  address: string,
  isFirst: boolean,
  onDefect: (error: unknown) => void,
): Promise<Core> => {
  const { clock, random, faults, turns, planted } = ground;
  const life = new Life();
  const inner = plainLog(cluster);
  const client = logClient(cluster, life, owners);
  const coreLog = mortalLog(turnedLog(planted.log?.(client, inner) ?? client, turns), life);
  const memcached = cache.seenBy(life);
  const view = await openSharedRegistrationView(
    { cluster: memcached, generation: GENERATION, random },
    {
      log: client,
      clock,
      logger: silentLogger,
      metrics: createMetrics(),
      onFailure: (_view, error) => onDefect(error),
    },
  );
  const engines = { memcached } as unknown as Engines;
  const known = { entries: () => view.rows.all() };
  const routers = {
    ...mortalStore(
      turnedStore(faultyStore(rowsIn(memcached, ground), faults), turns),
      life,
      streamOfRegistration,
    ),
    ...known,
  };
  const { chainLinks, routerSigns } = sharedChains(engines, clock);
  const wheels = new Set<TimerWheel>();
  const common: Common = {
    ...ground,
    wheels,
    log: coreLog,
    rows: new RegistrationRows(planted.rows?.(routers, isFirst) ?? routers, clock),
    challenges: mortalStore(createChallengeStore(engines, clock), life),
    chainLinks: mortalStore(chainLinks!, life),
    routerSigns: mortalStore(routerSigns!, life),
    homestead: mortalHomestead(ground.homestead, life),
  };
  // As an edge alone: it asks the log who is registered.
  const edge = async () => startEdge(common, address, (await whatIsRegistered({ log: client, clock }))());
  const nodes = [{ address, router: await startRouter(common, address), edge: await edge() }];
  return {
    life,
    log: inner,
    snapshot: undefined,
    wheels,
    coreLog,
    registrations: view.rows,
    nodes,
    startEdge: edge,
    async close() {
      await endNodes(nodes);
      await view.stop();
      life.end();
    },
    crash() {
      life.end();
      wheels.clear();
      void endNodes(nodes);
      void view.stop();
    },
  };
};
