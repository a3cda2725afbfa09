// What befalls an append on its way to EventStoreDB and back, and what its nodes do: the archive says what happened or that it does not
// know, within its time, and goes on where the same is tried again. On the stand-in.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '#libs/runtime';
import { StoreUnavailable } from '#libs/stores';
import { type Archive, type ArchiveEntry, EntriesRefused } from '../../archive.port.js';
import { openEventStoreDb } from './eventstoredb-archive.js';
import { FakeEventStore } from './fake/event-store.js';
import { type FakeEventStoreDb, startFakeEventStoreDb } from './fake/fake-eventstoredb.fixture.js';

const TIMEOUT_MS = 400;
/** Where it is not about time: a busy machine takes a second for a megabyte, or for sixty appends at once. */
const LONG_MS = 20_000;
const SOME_MS = 4_000;
const entry = (n: number, text = ''): ArchiveEntry => ({
  id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  type: 'clearwater.calls.Happened.v1',
  data: { n, text },
  about: {},
});
const open = (url: string, timeoutMs = TIMEOUT_MS): Promise<Archive> =>
  openEventStoreDb({ url, clock: systemClock, timeoutMs });
const held = async (archive: Archive): Promise<unknown[]> => {
  const numbers: unknown[] = [];
  for await (const { data } of archive.read('call-a')) numbers.push((data as { n: number }).n);
  return numbers;
};

const TRIES_MAX = 10;
/** As the archiver does: what is unknown is tried again, also where only the machine was too slow for the short time. */
const untilKnown = async (append: () => Promise<void>): Promise<void> => {
  for (let tries = 1; ; tries++) {
    try {
      return await append();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || tries === TRIES_MAX) throw error;
    }
  }
};

describe('one node', () => {
  let fake: FakeEventStoreDb;
  let archive: Archive;
  beforeEach(async () => {
    fake = await startFakeEventStoreDb();
    archive = await open(fake.url);
    await archive.append('call-a', [entry(1)], 0);
  });
  afterEach(async () => {
    await archive.close();
    fake.kill();
  });

  it.each(['lose-request', 'lose-answer', 'silence'] as const)(
    'an append that meets %s is unknown, and written once when it is tried again',
    async (fault) => {
      fake.node.appendFaults.push(fault, fault);
      const startMs = systemClock.monotonicMs();
      await expect(archive.append('call-a', [entry(2)], 1)).rejects.toThrow(StoreUnavailable);
      expect(systemClock.monotonicMs() - startMs).toBeLessThan(4 * TIMEOUT_MS);
      await expect(archive.append('call-a', [entry(2)], 1)).rejects.toThrow(StoreUnavailable);
      await untilKnown(() => archive.append('call-a', [entry(2)], 1));
      await untilKnown(() => archive.append('call-a', [entry(3)], 2));
      expect(await held(archive)).toEqual([1, 2, 3]);
    },
  );

  it('a read that is not answered ends in time, and the next one is answered', async () => {
    fake.node.silentReads = 2;
    await expect(archive.newest('call-a')).rejects.toThrow(StoreUnavailable);
    await expect(held(archive)).rejects.toThrow(StoreUnavailable);
    expect(await held(archive)).toEqual([1]);
  });

  it('a node that is not ready is away, and then there', async () => {
    fake.node.isUnavailable = true;
    await expect(archive.append('call-a', [entry(2)], 1)).rejects.toThrow(StoreUnavailable);
    await expect(archive.newest('call-a')).rejects.toThrow(StoreUnavailable);
    fake.node.isUnavailable = false;
    await archive.append('call-a', [entry(2)], 1);
    expect(await held(archive)).toEqual([1, 2]);
  });

  it('refuses for good what is too large, and what goes to a stream that was deleted for good', async () => {
    const patient = await open(fake.url, LONG_MS);
    await expect(patient.append('call-a', [entry(2, 'x'.repeat(1_100_000))], 1)).rejects.toThrow(EntriesRefused);
    fake.node.store.remove('call-a', true);
    await expect(patient.append('call-a', [entry(2)], 1)).rejects.toThrow(EntriesRefused);
    await patient.close();
  }); // prettier-ignore

  it('many appends that fail at once harm nobody', async () => {
    const patient = await open(fake.url, SOME_MS);
    fake.node.appendFaults.push(...Array.from({ length: 60 }, () => 'lose-answer' as const));
    const all = (): Promise<PromiseSettledResult<void>[]> =>
      Promise.allSettled(
        Array.from({ length: 60 }, (_, n) => patient.append(`call-${n}`, [entry(100 + n)], 0)),
      );
    expect((await all()).every(({ status }) => status === 'rejected')).toBe(true);
    expect((await all()).filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(fake.node.store.all).toHaveLength(61);
    await patient.close();
  });
});

it('a node that was killed is away until it is back on its port, and then has what it answered for', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'eventstore-'));
  const file = path.join(folder, 'events');
  const first = await startFakeEventStoreDb({ file });
  const archive = await open(first.url);
  await archive.append('call-a', [entry(1)], 0);
  first.kill();
  await expect(archive.append('call-a', [entry(2)], 1)).rejects.toThrow(StoreUnavailable);
  await expect(archive.newest('call-a')).rejects.toThrow(StoreUnavailable);
  const second = await startFakeEventStoreDb({ file, port: first.port });
  await archive.append('call-a', [entry(2)], 1);
  expect(await held(archive)).toEqual([1, 2]);
  await archive.close();
  second.kill();
  rmSync(folder, { recursive: true });
});

describe('two nodes', () => {
  const store = new FakeEventStore(undefined, () => 0);
  let nodes: FakeEventStoreDb[];
  const members = () =>
    nodes.map(({ port, node }) => ({ port, isLeader: node.leader === undefined && !node.isUnavailable }));
  beforeAll(async () => {
    nodes = [];
    for (let n = 0; n < 2; n++) nodes.push(await startFakeEventStoreDb({ store, members }));
  });
  afterAll(() => nodes.forEach((node) => node.kill()));

  const lead = (leader: number): void =>
    nodes.forEach(({ node }, n) => {
      node.leader = n === leader ? undefined : { host: '127.0.0.1', port: nodes[leader]!.port };
    });

  it('a follower says who leads, and the archive goes there', async () => {
    lead(1);
    const archive = await open(nodes[0]!.url);
    await expect(archive.append('call-a', [entry(1)], 0)).rejects.toThrow(StoreUnavailable);
    await archive.append('call-a', [entry(1)], 0);
    lead(0);
    await expect(archive.append('call-a', [entry(2)], 1)).rejects.toThrow(StoreUnavailable);
    await archive.append('call-a', [entry(2)], 1);
    expect(await held(archive)).toEqual([1, 2]);
    await archive.close();
  });

  it('finds the leader by gossip, and a new one when it goes', async () => {
    lead(0);
    const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const archive = await open(`esdb://${hosts}?tls=false`);
    await archive.append('call-b', [entry(1)], 0);
    lead(1);
    nodes[0]!.node.isUnavailable = true;
    await expect(archive.append('call-b', [entry(2)], 1)).rejects.toThrow(StoreUnavailable);
    await archive.append('call-b', [entry(2)], 1);
    nodes[0]!.node.isUnavailable = false;
    await archive.close();
  });

  it('where no node is there, the archive is away and nothing else', async () => {
    const archive = await open('esdb://127.0.0.1:1,127.0.0.1:2?tls=false&maxDiscoverAttempts=2');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => archive.append(`call-${n}`, [entry(n)], 0)),
    );
    for (const each of outcomes)
      expect(each.status === 'rejected' && each.reason instanceof StoreUnavailable).toBe(true);
    await archive.close();
  });
});
