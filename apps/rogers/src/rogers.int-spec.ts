// Rogers on three real memcached servers: its clients, servers that die, come back empty or hang, and such as are added and taken away while
// everything is written. The contract of the store through it: libs/stores (memcached-through-rogers.int-spec.ts).
import { jest } from '@jest/globals';
import { systemClock } from '#libs/runtime';
import { createMemcachedKeyValueStore, jsonCodec, type MemcachedCluster, openMemcached } from '#libs/stores';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { expectNothingLost, KEYS, startCounting, type Stores } from './counting.fixture.js';
import { type Node, settled, sleep, startNode, talk } from './rogers.fixture.js';
import type { Topology } from './topology.js';

jest.setTimeout(120_000);

let engine: RealEngine;
let nodes: readonly Node[] = [];
let topology: Topology;
/** By Rogers; what is read through one is written through another. */
let clusters: readonly MemcachedCluster[];

beforeAll(async () => {
  engine = await startRealEngine('memcached', 3);
});
beforeEach(async () => {
  topology = { servers: engine.endpoints, replicas: 2, revision: 0 };
});
const open = (ports: readonly number[]): MemcachedCluster =>
  openMemcached({
    servers: ports.map((port) => `127.0.0.1:${port}`),
    clock: systemClock,
    timeoutMs: 2_000,
    areAlike: true,
  });
const start = async (servers: number): Promise<void> => {
  topology = { ...topology, servers: engine.endpoints.slice(0, servers) };
  nodes = await Promise.all([startNode(() => topology), startNode(() => topology)]);
  await settled(nodes);
  clusters = nodes.map(({ port }) => open([port]));
};
afterEach(async () => {
  for (const cluster of clusters) cluster.close();
  await Promise.all(nodes.map((node) => node.stop()));
  for (const server of [0, 1, 2]) await engine.signal(server, 'SIGKILL').catch(() => undefined);
  await engine.start();
});
afterAll(() => engine.stop());

const storesOf = (name: string): Stores =>
  clusters.map((cluster) =>
    createMemcachedKeyValueStore<number>({ cluster, name, clock: systemClock, codec: jsonCodec() }),
  );

describe('servers that are added and taken away under constant writes', () => {
  it('2, then 3, then 2: no key lost, nothing stale read', async () => {
    await start(2);
    const stores = storesOf('scale');
    const counting = startCounting(stores, KEYS);
    await sleep(1_000);
    topology = { ...topology, servers: engine.endpoints, revision: 1 };
    await settled(nodes);
    await sleep(500);
    topology = { ...topology, servers: engine.endpoints.slice(1), revision: 2 };
    await settled(nodes);
    // The one that was taken away is not needed any more.
    await engine.signal(0, 'SIGKILL');
    await sleep(500);
    await counting.stop();
    expect(counting.unavailable).toBe(0);
    await expectNothingLost(stores, counting);
  });
});

describe('a server that is killed, and comes back empty', () => {
  it('is missed by nobody, and filled again; then the other one may die', async () => {
    await start(3);
    const stores = storesOf('kill');
    const counting = startCounting(stores, KEYS);
    await sleep(500);
    await engine.signal(1, 'SIGKILL');
    await sleep(1_000);
    await engine.start();
    await settled(nodes);
    await engine.signal(2, 'SIGKILL');
    await sleep(1_000);
    await counting.stop();
    await expectNothingLost(stores, counting);
    expect(counting.unavailable).toBe(0);
  });
});

describe('a server that is emptied by somebody', () => {
  it('is filled again, and nothing is missing meanwhile', async () => {
    await start(3);
    const stores = storesOf('wipe');
    const counting = startCounting(stores, KEYS);
    await sleep(300);
    const port = Number(engine.endpoints[0]?.split(':')[1]);
    expect(await talk(port, 'flush_all\r\n')).toBe('OK\r\n');
    await settled(nodes);
    await engine.signal(1, 'SIGKILL');
    await sleep(500);
    await counting.stop();
    await expectNothingLost(stores, counting);
  });
});

describe('a server that hangs', () => {
  it('is gone on without, and not read when it wakes up before it is filled', async () => {
    await start(2);
    const stores = storesOf('hang');
    const counting = startCounting(stores, KEYS);
    await sleep(300);
    await engine.signal(0, 'SIGSTOP');
    await sleep(1_000);
    await engine.signal(0, 'SIGCONT');
    await settled(nodes);
    await engine.signal(1, 'SIGKILL');
    await sleep(500);
    await counting.stop();
    await expectNothingLost(stores, counting);
    // Each waits at most for two time-outs; on a machine that is busy that may be too long, once.
    expect(counting.unavailable).toBeLessThanOrEqual(KEYS);
  });
});

describe('a Rogers that ends', () => {
  it('is missed by nobody who knows of another one', async () => {
    await start(3);
    const both = open(nodes.map(({ port }) => port));
    clusters = [...clusters, both];
    const store = createMemcachedKeyValueStore<number>({ cluster: both, name: 'end', clock: systemClock, codec: jsonCodec() });
    const counting = startCounting([store], KEYS);
    await sleep(300);
    await nodes[0]!.stop();
    await sleep(300);
    const atOne = counting.acknowledged.get('key0') ?? 0;
    await sleep(300);
    await counting.stop();
    nodes = nodes.slice(1);
    expect(counting.acknowledged.get('key0')).toBeGreaterThan(atOne);
    expect(counting.unavailable).toBe(0);
    await expectNothingLost([store], counting);
  });
}); // prettier-ignore
