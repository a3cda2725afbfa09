// The contract on three real servers, and what happens when one is killed, frozen, started again or full.
import { jest } from '@jest/globals';
import { createConnection } from 'node:net';
import { systemClock } from '#libs/runtime';
import { createFakeClock, type RealEngine, startRealEngine } from '#libs/testkit';
import { keyValueStoreContract, type Row } from '../../../contract/key-value-store.contract.js';
import { type KeyValueStore, StoreUnavailable } from '../../key-value-store.port.js';
import { jsonCodec } from '../embedded/json-codec.js';
import { type MemcachedCluster, openMemcached } from './memcached-cluster.js';
import { createMemcachedKeyValueStore, keyPrefixOf } from './memcached-key-value-store.js';
import { createSentinels, healRows, type Sentinels } from './memcached-sentinels.js';

jest.setTimeout(60_000);

const TIMEOUT_MS = 300;
const TTL_S = 3_600;
const clock = createFakeClock();
let engine: RealEngine;
let cluster: MemcachedCluster;
let views = 0;

beforeAll(async () => {
  engine = await startRealEngine('memcached', 3);
  cluster = openMemcached({ servers: engine.endpoints, clock: systemClock, timeoutMs: TIMEOUT_MS });
});
afterAll(async () => {
  cluster.close();
  await engine.stop();
});

type View = Readonly<{
  rows: KeyValueStore<Row>;
  rebuilt: KeyValueStore<Row>;
  sentinels: Sentinels;
  prefix: string;
}>;

/** A view of its own, with all of its sentinels. */
const newView = async (): Promise<View> => {
  const name = `view${(views += 1)}`;
  const generation = 'g1';
  const options = { cluster, name, clock, codec: jsonCodec<Row>(), generation };
  const prefix = keyPrefixOf(name, generation);
  const sentinels = createSentinels({ cluster, prefix, generation, newToken: () => `${process.pid}` });
  await healRows(sentinels, () => Promise.resolve());
  return {
    rows: createMemcachedKeyValueStore(options),
    rebuilt: createMemcachedKeyValueStore({ ...options, isRebuilding: true }),
    sentinels,
    prefix,
  };
};

keyValueStoreContract('memcached', {
  create: async () => (await newView()).rows,
  advance: (seconds) => clock.advance(seconds * 1000),
  bounded: false,
  runs: 50,
});

keyValueStoreContract('memcached without sentinels', {
  create: () =>
    createMemcachedKeyValueStore({
      cluster,
      name: `plain${(views += 1)}`,
      clock,
      codec: jsonCodec<Row>(),
    }),
  advance: (seconds) => clock.advance(seconds * 1000),
  bounded: false,
  runs: 20,
});

const row = (n: number, text = 'text'): Row => ({ n, text });
const keys = Array.from({ length: 90 }, (_, n) => `sip:user${n}@ims.test`);
const fill = async (store: KeyValueStore<Row>) => {
  for (const [n, key] of keys.entries()) expect(await store.cas(key, row(n), undefined, TTL_S)).toBe(true);
};
const serverOf = (prefix: string, key: string): number =>
  engine.endpoints.indexOf(cluster.linkOf(cluster.vbucketOf(prefix + key)).server);
const takesMs = async (run: () => Promise<unknown>): Promise<number> => {
  const startMs = systemClock.monotonicMs();
  await run();
  return systemClock.monotonicMs() - startMs;
};
/** Until the pause after a failed connection is over. */
const eventually = async <T>(run: () => Promise<T>): Promise<T> => {
  const endMs = systemClock.monotonicMs() + 10_000;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || systemClock.monotonicMs() > endMs) throw error;
      await new Promise<void>((resolve) => void systemClock.after(50, resolve));
    }
  }
};
/** One line to a server, past the adapter. */
const ask = (server: number, line: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const [host = '', port] = (engine.endpoints[server] ?? '').split(':');
    const socket = createConnection(Number(port), host, () => socket.write(`${line}\r\n`));
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString('latin1'));
    });
  });

describe('time to live in memcached itself', () => {
  it.each([60, 29 * 86_400, 31 * 86_400, 400 * 86_400])('of %d s is at least that', async (ttlS) => {
    const { rows, prefix } = await newView();
    await rows.cas('a', row(1), undefined, ttlS);
    const answer = await ask(serverOf(prefix, 'a'), `mg ${prefix}a t`);
    const left = Number(/t(-?\d+)/.exec(answer)?.[1]);
    // The fake clock and the server's agree only where the time is told as a span.
    if (ttlS <= 29 * 86_400) expect(left).toBeGreaterThanOrEqual(ttlS);
    else expect(Math.abs(left - ttlS - (clock.nowMs() - systemClock.nowMs()) / 1000)).toBeLessThan(10);
    expect((await rows.get('a'))?.value).toEqual(row(1));
  });

  it('of what shall never end is none', async () => {
    const { rows, prefix } = await newView();
    await rows.cas('a', row(1), undefined, Infinity);
    expect(await ask(serverOf(prefix, 'a'), `mg ${prefix}a t`)).toMatch(/t-1/);
  });
});

describe('what cannot be kept', () => {
  it('is refused, and the next call is answered', async () => {
    const { rows } = await newView();
    await expect(rows.cas('a', row(1, 'x'.repeat(1_100_000)), undefined, 60)).rejects.toThrow(RangeError);
    await expect(rows.cas('\ud800', row(1), undefined, 60)).rejects.toThrow(RangeError);
    await expect(rows.cas('x'.repeat(5_000), row(1), undefined, 60)).rejects.toThrow(RangeError);
    expect(await rows.cas('a', row(1, 'x'.repeat(900_000)), undefined, 60)).toBe(true);
    expect((await rows.get('a'))?.value.text).toHaveLength(900_000);
    expect(await rows.get('\ud800')).toBeUndefined();
  });

  it('is refused where a server has no room, which is no conflict', async () => {
    const { rows } = await newView();
    const big = row(1, 'x'.repeat(900_000));
    const fillUp = async () => {
      for (let n = 0; n < 400; n += 1) await rows.cas(`big${n}`, big, undefined, 60);
    };
    await expect(fillUp()).rejects.toThrow(/out of memory/i);
    await expect(fillUp()).rejects.toBeInstanceOf(StoreUnavailable);
    // And goes on answering what it has.
    expect((await rows.get('big0'))?.value).toEqual(big);
    for (const server of [0, 1, 2]) await ask(server, 'flush_all');
  });

  it('is not taken for ours when somebody else wrote it', async () => {
    const { rows, prefix } = await newView();
    await ask(serverOf(prefix, 'a'), `set ${prefix}a 0 0 7\r\nforeign`);
    await expect(rows.get('a')).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

describe('a server that is killed', () => {
  it('is an error of its keys at once, never absence; the others go on; back again it has lost rows until they are rebuilt', async () => {
    const { rows, rebuilt, sentinels, prefix } = await newView();
    await fill(rows);
    const lost = keys.filter((key) => serverOf(prefix, key) === 1);
    const kept = keys.filter((key) => serverOf(prefix, key) !== 1);
    expect(lost.length).toBeGreaterThan(10);
    const before = await rows.get(lost[0]!);

    await engine.signal(1, 'SIGKILL');
    const took = await takesMs(() =>
      Promise.all(lost.map((key) => expect(rows.get(key)).rejects.toBeInstanceOf(StoreUnavailable))),
    );
    expect(took).toBeLessThan(2 * TIMEOUT_MS);
    expect((await rows.getMany(kept)).size).toBe(kept.length);
    await expect(rows.getMany(keys)).rejects.toBeInstanceOf(StoreUnavailable);
    const written = await rows.cas(lost[0]!, row(7), before?.version, TTL_S).catch((error: unknown) => error);
    expect(written).not.toBe(true);

    await engine.start();
    // It answers, and has nothing: still no absence.
    expect((await eventually(() => sentinels.missing())).length).toBeGreaterThan(20);
    for (const key of lost) await expect(rows.get(key)).rejects.toThrow(/lost rows/);

    // A version read before the restart is worth nothing, though the server counts from the beginning again.
    await healRows(sentinels, async () => {
      for (const key of keys) {
        const held = await rebuilt.get(key);
        if (!held) await rebuilt.cas(key, row(keys.indexOf(key)), undefined, TTL_S);
      }
    });
    expect(await rows.cas(lost[0]!, row(999), before?.version, TTL_S)).toBe(false);
    for (const [n, key] of keys.entries()) expect((await rows.get(key))?.value).toEqual(row(n));
  });

  it('counts from the beginning again: a number read before it means nothing after it', async () => {
    const plain = createMemcachedKeyValueStore({ cluster, name: 'plain', clock, codec: jsonCodec<Row>() });
    const key = keys.find((one) => serverOf('plain:', one) === 1)!;
    const restarted = async (n: number) => {
      await engine.signal(1, 'SIGKILL');
      await engine.start();
      expect(await eventually(() => plain.cas(key, row(n), undefined, TTL_S))).toBe(true);
      return plain.get(key);
    };
    const before = await restarted(1);
    const after = await restarted(2);
    const numberOf = (read: typeof before) => JSON.stringify(read?.version).match(/"unique":"(\d+)"/)?.[1];
    expect(numberOf(before)).toBe(numberOf(after));
    expect(await plain.cas(key, row(3), before?.version, TTL_S)).toBe(false);
    expect((await plain.get(key))?.value).toEqual(row(2));
  });

  it('is seen when it restarts in the middle of a rebuild, which begins again', async () => {
    const { rows, sentinels } = await newView();
    for (const server of [0, 1, 2]) await ask(server, 'flush_all');
    let folds = 0;
    await healRows(sentinels, async () => {
      folds += 1;
      if (folds > 1) return;
      await engine.signal(2, 'SIGKILL');
      await engine.start();
    }).catch(() => undefined);
    await eventually(() => healRows(sentinels, () => Promise.resolve(void (folds += 1))));
    expect(folds).toBeGreaterThan(1);
    expect(await sentinels.missing()).toEqual([]);
    expect(await rows.get('nobody')).toBeUndefined();
  });

  it('is rebuilt by one of two who see it', async () => {
    const { sentinels, prefix } = await newView();
    for (const server of [0, 1, 2]) await ask(server, 'flush_all');
    const other = createSentinels({ cluster, prefix, generation: 'g1', newToken: () => 'other' });
    const lost = await sentinels.missing();
    const claims = await Promise.all([sentinels.claim(lost), other.claim(lost)]);
    expect(claims.map(({ vbuckets }) => vbuckets.length).reduce((sum, n) => sum + n)).toBe(lost.length);
    for (const claim of claims) expect(await claim.complete()).toBe(true);
    expect(await sentinels.missing()).toEqual([]);
  });
});

describe('a server that hangs', () => {
  it('is an error after the time-out, each time; what it wakes up to changes nothing', async () => {
    const { rows, prefix } = await newView();
    await fill(rows);
    const mine = keys.find((key) => serverOf(prefix, key) === 0)!;
    const read = await rows.get(mine);
    await engine.signal(0, 'SIGSTOP');
    try {
      for (let n = 0; n < 3; n += 1) {
        let outcome: unknown;
        const took = await takesMs(async () => {
          outcome = await rows.cas(mine, row(50), read?.version, TTL_S).catch((error: unknown) => error);
        });
        if (n === 0) expect(outcome).toBeInstanceOf(StoreUnavailable);
        expect(outcome).not.toBe(true);
        expect(took).toBeLessThan(3 * TIMEOUT_MS);
      }
    } finally {
      await engine.signal(0, 'SIGCONT');
    }
    const after = await eventually(() => rows.get(mine));
    // Of the writes without an answer the first may have happened; none twice, and each other key is as it was.
    expect([keys.indexOf(mine), 50]).toContain(after?.value.n);
    expect((await rows.getMany(keys)).size).toBe(keys.length);
  });
});
