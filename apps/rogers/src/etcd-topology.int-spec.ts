// The list of servers changed through a real etcd, by operators who do not know of each other, while all is written through two Rogers on
// real memcached servers: up by one and by two, down by one and by two (docs/clearwater/backend.md §12 item 12, as mended).
import { jest } from '@jest/globals';
import { silentLogger, systemClock, systemRandom } from '#libs/runtime';
import { ConfigConflict, openEtcd, type SharedConfig } from '#libs/shared-config';
import { createMemcachedKeyValueStore, jsonCodec, openMemcached } from '#libs/stores';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { expectNothingLost, startCounting } from './counting.fixture.js';
import { followTopology } from './follow-topology.js';
import { RogersConfig } from './rogers.config.js';
import { type Node, settled, sleep, startNode } from './rogers.fixture.js';

jest.setTimeout(180_000);

const VARIABLE = 'ROGERS_SERVERS';
const TRIES_MAX = 400;

let memcached: RealEngine;
let etcd: RealEngine;
const ends: (() => void | Promise<void>)[] = [];

beforeAll(async () => {
  [memcached, etcd] = [await startRealEngine('memcached', 4), await startRealEngine('etcd')];
});
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
  await memcached.stop();
  await etcd.stop();
});

const prefix = `/test/${systemRandom.token(12)}`;
const open = async (): Promise<SharedConfig> => {
  const config = await openEtcd({ endpoints: etcd.endpoints, prefix, clock: systemClock });
  ends.push(() => config.close());
  return config;
};

type Following = Readonly<{ node: Node; topology: ReturnType<typeof followTopology> }>;

const startFollowing = async (): Promise<Following> => {
  const config = Object.assign(new RogersConfig(), { rogersServers: memcached.endpoints.slice(0, 2) });
  const shutdown = {
    on: (_phase: string, _name: string, run: () => void | Promise<void>) => void ends.push(run),
    drain: () => Promise.resolve(0),
    install: () => undefined,
  };
  const parts = { clock: systemClock, logger: silentLogger, shutdown };
  const topology = followTopology(config, { shared: await open(), isOwn: () => false }, parts);
  const node = await startNode(topology);
  ends.push(() => node.stop());
  return { node, topology };
};

it('up by one and by two, down by one and by two, operators at once: no key lost, nobody refused', async () => {
  const rogers = [await startFollowing(), await startFollowing()];
  const nodes = rogers.map(({ node }) => node);
  await settled(nodes);
  const stores = nodes.map(({ port }) => {
    const cluster = openMemcached({ servers: [`127.0.0.1:${port}`], clock: systemClock, timeoutMs: 2_000, areAlike: true });
    ends.push(() => cluster.close());
    return createMemcachedKeyValueStore<number>({ cluster, name: 'topology', clock: systemClock, codec: jsonCodec() });
  });
  const counting = startCounting(stores, 50);
  const [ann, bob] = [await open(), await open()];
  let revision = 0;

  /** One operator changes it, and every Rogers has what belongs where it is. */
  const change = async (operator: SharedConfig, servers: readonly string[]): Promise<void> => {
    ({ revision } = await operator.set(VARIABLE, servers.join(','), { by: 'operator', expected: revision }));
    for (let tries = 0; rogers.some(({ topology }) => topology().revision !== revision); tries += 1) {
      if (tries > TRIES_MAX) throw new Error('not every Rogers has heard of it');
      await sleep(50);
    }
    await settled(nodes);
  };
  const servers = memcached.endpoints;
  await change(ann, servers.slice(0, 3));
  await change(bob, servers.slice(1, 3));
  // Both want to change what they have just seen: the one that comes second is told, and does nothing.
  const race = await Promise.allSettled([ann, bob].map((operator, n) =>
    operator.set(VARIABLE, (n === 0 ? servers : servers.slice(1)).join(','), { by: `${n}`, expected: revision })));
  const lost = race.find((one) => one.status === 'rejected');
  expect(lost?.reason).toBeInstanceOf(ConfigConflict);
  expect(race.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  revision += 1;
  await change(bob, servers);
  await change(ann, servers.slice(2));
  // Those that were taken away are not needed any more.
  for (const gone of [0, 1]) await memcached.signal(gone, 'SIGKILL');
  await sleep(500);
  await counting.stop();
  expect(counting.unavailable).toBe(0);
  await expectNothingLost(stores, counting);
}); // prettier-ignore
