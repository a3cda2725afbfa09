// The twins keep what the ports promise, whatever goes wrong in them, and something does.
import { AppendUnknown, type RecordedEvent, RevisionConflict } from '#libs/event-log';
import { createMemcachedKeyValueStore, jsonCodec, StoreUnavailable } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { Life } from '../life.js';
import { noFaults } from '../storm/fault-counts.js';
import { CacheCluster } from './cache-cluster.js';
import { logClient } from './log-client.js';
import { LogCluster } from './log-cluster.js';

const ENOUGH_MS = 60_000;
const setUp = () => {
  const clock = createFakeClock();
  const counts = noFaults();
  return { clock, counts, random: createSeededRandom('twins') };
};
const happened = (n: number) => ({ type: 'Happened', data: { n } });
const numberOf = ({ event }: RecordedEvent): number => (event.data as { n: number }).n;

const newLog = () => {
  const ground = setUp();
  const cluster = new LogCluster(ground);
  const node = (life = new Life(), owners = new Map<string, number>()) => logClient(cluster, life, owners);
  return { ...ground, cluster, node };
};

describe('the log', () => {
  it('has written what it acknowledged, and of what is unknown some', async () => {
    const { clock, counts, node, cluster } = newLog();
    cluster.weather.unknown = 0.3;
    const log = node();
    const appends = Array.from({ length: 100 }, (_, n) => log.append('registration-a', [happened(n)]));
    const settled = Promise.allSettled(appends);
    await clock.advanceAsync(ENOUGH_MS);
    const outcomes = await settled;
    const written = new Set(cluster.stream('registration-a', 1).map(numberOf));
    const unknown = outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []));
    for (const [n, { status }] of outcomes.entries())
      if (status === 'fulfilled') expect(written).toContain(n);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(AppendUnknown);
    expect(unknown).toHaveLength(counts.unknownOutcome);
    expect(unknown.some((n) => written.has(n)) && unknown.some((n) => !written.has(n))).toBe(true);
  });

  it('lets one of two nodes have a revision', async () => {
    const { clock, node, cluster } = newLog();
    cluster.calm();
    const race = Promise.allSettled(
      [1, 2].map((n) => node().append('subscriber-1', [happened(n)], { expected: 0 })),
    );
    await clock.advanceAsync(ENOUGH_MS);
    const lost = (await race).flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    expect(lost).toEqual([expect.any(RevisionConflict)]);
    expect(cluster.stream('subscriber-1', 1).map(({ revision }) => revision)).toEqual([1]);
  });

  it('tells each reader everything in order, late and some of it twice; nothing to who has died', async () => {
    const { clock, counts, node, cluster } = newLog();
    Object.assign(cluster.weather, { again: 0.3, lag: 0.3 });
    const life = new Life();
    const owners = new Map<string, number>();
    const seen: number[][] = [[], []];
    for (const [at, each] of [new Life(), life].entries())
      await node(each, owners).subscribe({
        topics: ['registration'],
        group: 'view',
        startAt: 'oldest',
        onBatch: (events) => void seen[at]!.push(...events.map(numberOf)),
      });
    for (let n = 0; n < 50; n++) cluster.write('registration-a', [happened(n)], {});
    await clock.advanceAsync(100);
    life.end();
    const heard = seen[1]!.length;
    await clock.advanceAsync(5 * ENOUGH_MS);
    expect(seen[1]).toHaveLength(heard);
    const first = [...new Set(seen[0])];
    expect(first).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(seen[0]!.length).toBeGreaterThan(50);
    for (const kind of ['duplicateDelivery', 'readerLag', 'twoOwners'] as const)
      expect(counts[kind]).toBeGreaterThan(0);
  });
});

describe('the caches', () => {
  const newStore = () => {
    const ground = setUp();
    const cluster = new CacheCluster(ground);
    const store = createMemcachedKeyValueStore<number>({
      cluster: cluster.seenBy(new Life()),
      name: 'challenges',
      clock: ground.clock,
      codec: jsonCodec(),
    });
    return { ...ground, cluster, store };
  };

  it('show a value late at times, and let nobody write over what they have not read', async () => {
    const { counts, store } = newStore();
    await store.cas('a', 0, undefined, 60);
    let written = 0;
    for (let n = 0; n < 200; n++) {
      const read = await store.get('a');
      if (await store.cas('a', read!.value + 1, read!.version, 60)) written++;
    }
    expect(counts.staleRead).toBeGreaterThan(0);
    expect(written).toBe(200 - counts.staleRead);
  });

  it('lose what a server had, evict, and do not answer', async () => {
    const { counts, cluster, store } = newStore();
    const keys = Array.from({ length: 60 }, (_, n) => `key${n}`);
    for (const key of keys) await store.cas(key, 1, undefined, 60);
    const left = async () => (await store.getMany(keys)).size;
    cluster.evict();
    expect(await left()).toBe(60 - counts.cacheEviction);
    const before = await left();
    cluster.loseOne();
    expect(await left()).toBeLessThan(before - 5);
    cluster.cutOneOff();
    await expect(left()).rejects.toBeInstanceOf(StoreUnavailable);
    cluster.mend();
    await left();
  });
});
