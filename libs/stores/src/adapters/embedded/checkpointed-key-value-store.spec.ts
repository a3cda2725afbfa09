import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import type { Position } from '#libs/decider';
import { createForgetfulDisk, PowerCut } from '../../../contract/forgetful-disk.js';
import { createFakeClock, type FakeClock } from '#libs/testkit';
import { keyValueStoreContract, type Row } from '../../../contract/key-value-store.contract.js';
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { SnapshotDisk } from '../../snapshot-disk.port.js';
import { createCheckpointedKeyValueStore } from './checkpointed-key-value-store.js';

const shared = createFakeClock();
keyValueStoreContract('memory with checkpoints', {
  create: (options) => createCheckpointedKeyValueStore<Row>({ name: 'rows', clock: shared, ...options }),
  advance: (seconds) => shared.advance(seconds * 1000),
  bounded: true,
  runs: 100,
});

const FILE = '/data/rows.snapshot';
const at = (offset: number): Position => ({ generation: 1, partition: 0, offset });
const row = (n: number): Row => ({ n, text: `row ${n} é 😀`.repeat(5) });

const storeOn = (disk: SnapshotDisk, clock: FakeClock, name = 'rows') =>
  createCheckpointedKeyValueStore<Row>({ name, clock, disk });
type Store = ReturnType<typeof storeOn>;

const write = async (store: Store, key: string, n: number, ttlS = 60) =>
  expect(await store.cas(key, row(n), (await store.get(key))?.version, ttlS)).toBe(true);
const drop = async (store: Store, key: string) => store.remove(key, (await store.get(key))?.version);
const numbersIn = (store: Store) => Object.fromEntries([...store.entries()].map(([key, { n }]) => [key, n]));

const withRows = async (count: number) => {
  const power = createForgetfulDisk();
  const clock = createFakeClock();
  const store = storeOn(power.disk, clock);
  for (let n = 0; n < count; n += 1) await write(store, `k${n}`, n);
  return { power, clock, store };
};

describe('a snapshot', () => {
  it('is restored with its rows, versions that work, and its position', async () => {
    const { power, clock, store } = await withRows(3);
    expect(await store.snapshot(FILE, at(42))).toEqual({ rows: 3, bytes: power.bytesOf(FILE)?.length });
    const after = storeOn(power.disk, clock);
    expect(await after.restore(FILE)).toEqual({ state: 'restored', position: at(42), rows: 3, expired: 0 });
    expect(numbersIn(after)).toEqual({ k0: 0, k1: 1, k2: 2 });
    expect((await after.get('k1'))?.value).toEqual(row(1));
    await write(after, 'k1', 9);
    expect(numbersIn(after)).toEqual({ k0: 0, k1: 9, k2: 2 });
  });

  it('is absent at first, and may be of an empty store', async () => {
    const { power, clock, store } = await withRows(0);
    expect(await store.restore(FILE)).toEqual({ state: 'absent' });
    await store.snapshot(FILE, at(1));
    expect(await storeOn(power.disk, clock).restore(FILE)).toMatchObject({ state: 'restored', rows: 0 });
  });

  it('gives rows the time that they had left, less what passed while nothing ran', async () => {
    const { power, store, clock } = await withRows(0);
    await write(store, 'short', 1, 10);
    await write(store, 'long', 2, 100);
    clock.advance(5_000);
    await store.snapshot(FILE, at(1));
    // Another process: its monotonic clock has another start.
    const later = createFakeClock(clock.nowMs() + 6_000);
    const after = storeOn(power.disk, later);
    expect(await after.restore(FILE)).toMatchObject({ rows: 1, expired: 1 });
    expect(numbersIn(after)).toEqual({ long: 2 });
    later.advance(88_000);
    expect(numbersIn(after)).toEqual({ long: 2 });
    later.advance(2_000);
    expect(numbersIn(after)).toEqual({});
  });

  it('keeps for ever what has no end', async () => {
    const { power, clock, store } = await withRows(0);
    await store.cas('a', row(1), undefined, Infinity);
    await store.snapshot(FILE, at(1));
    const after = storeOn(power.disk, clock);
    await after.restore(FILE);
    clock.advance(1e12);
    expect(numbersIn(after)).toEqual({ a: 1 });
  });

  it('is not read over rows that are there, nor written twice at once', async () => {
    const { store } = await withRows(1);
    const first = store.snapshot(FILE, at(1));
    await expect(store.snapshot(FILE, at(2))).rejects.toBeInstanceOf(StoreUnavailable);
    await first;
    await expect(store.restore(FILE)).rejects.toThrow(/only an empty store/);
    expect(numbersIn(store)).toEqual({ k0: 0 });
  });

  it('shows one moment, whatever is written, removed or expires while it is written', async () => {
    type Change = { key: number; to: 'write' | 'remove' };
    const change = fc.record({ key: fc.nat(12), to: fc.constantFrom<Change['to'][]>('write', 'remove') });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 60 }), async (changes) => {
        const { power, clock, store } = await withRows(8);
        const before = numbersIn(store);
        let done = false;
        const taken = store.snapshot(FILE, at(1)).then(() => (done = true));
        for (const { key, to } of changes) {
          if (to === 'write') await write(store, `k${key}`, 1_000);
          else await drop(store, `k${key}`);
          // Lets the snapshot go on a little.
          if (!done) await new Promise((resolve) => setImmediate(resolve));
        }
        await taken;
        const after = storeOn(power.disk, clock);
        await after.restore(FILE);
        expect(numbersIn(after)).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it('shows one moment also when it takes many blocks', async () => {
    const { power, clock, store } = await withRows(5_000);
    const before = numbersIn(store);
    let done = false;
    const taken = store.snapshot(FILE, at(1)).then(() => (done = true));
    for (let n = 0; !done; n += 1) {
      await write(store, `k${(n * 7) % 5_000}`, 9_999);
      await drop(store, `k${(n * 11) % 5_000}`);
      await write(store, `new${n}`, n);
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await taken;
    const after = storeOn(power.disk, clock);
    expect(await after.restore(FILE)).toMatchObject({ rows: 5_000 });
    expect(numbersIn(after)).toEqual(before);
  });
});

describe('a snapshot that was cut short', () => {
  it.each(['synced', 'all'] as const)(
    'at any operation leaves the former or the new one whole (disk kept: %s)',
    async (kept) => {
      for (let operations = 0; ; operations += 1) {
        const { power, clock, store } = await withRows(50);
        await store.snapshot(FILE, at(1));
        await write(store, 'k0', 777);
        power.cutAfter(operations);
        const outcome = await store.snapshot(FILE, at(2)).catch((error: unknown) => error);
        power.restart(kept);

        const after = storeOn(power.disk, clock);
        const restored = await after.restore(FILE);
        if (restored.state !== 'restored') throw new Error(JSON.stringify(restored));
        const isNew = restored.position.offset === 2;
        expect(numbersIn(after)['k0']).toBe(isNew ? 777 : 0);
        expect(Object.keys(numbersIn(after))).toHaveLength(50);
        // What was reported as written is there.
        if (!(outcome instanceof PowerCut)) expect(isNew).toBe(true);
        // And the next one works.
        await after.snapshot(FILE, at(3));
        expect(await storeOn(power.disk, clock).restore(FILE)).toMatchObject({ position: at(3) });
        if (!(outcome instanceof PowerCut)) return;
        expect(operations).toBeLessThan(50);
      }
    },
  );
});

describe('a damaged snapshot', () => {
  const taken = async () => {
    const { power, clock, store } = await withRows(20);
    await store.snapshot(FILE, at(1));
    return { power, clock, bytes: power.bytesOf(FILE) ?? Buffer.alloc(0) };
  };
  const restoreOf = async (edit: (bytes: Buffer) => Buffer) => {
    const { power, clock } = await taken();
    power.change(FILE, edit);
    const store = storeOn(power.disk, clock);
    const restored = await store.restore(FILE);
    return { restored, rows: store.size() };
  };

  it('is seen at every length that it may be torn to, and leaves nothing in the store', async () => {
    const { bytes } = await taken();
    for (let length = 0; length < bytes.length; length += 13) {
      const { restored, rows } = await restoreOf((all) => all.subarray(0, length));
      expect(restored).toMatchObject({ state: 'damaged' });
      expect(rows).toBe(0);
    }
  });

  it('is seen at every byte that may be changed', async () => {
    const { power, clock, bytes } = await taken();
    for (let place = 0; place < bytes.length; place += 1) {
      power.change(FILE, () => bytes.map((byte, index) => (index === place ? byte ^ 0x10 : byte)) as Buffer);
      const store = storeOn(power.disk, clock);
      expect(await store.restore(FILE)).toMatchObject({ state: 'damaged' });
      expect(store.size()).toBe(0);
    }
  });

  it('is seen when blocks are lost, added or zeroed, and says where', async () => {
    const zeroed = await restoreOf((all) => Buffer.concat([all.subarray(0, 100), Buffer.alloc(5_000)]));
    expect(zeroed.restored).toMatchObject({
      state: 'damaged',
      reason: expect.stringContaining(FILE) as unknown,
    });
    expect((await restoreOf((all) => Buffer.concat([all, all]))).restored).toMatchObject({
      state: 'damaged',
    });
    expect((await restoreOf((all) => Buffer.concat([all, Buffer.alloc(8)]))).restored).toMatchObject({
      state: 'damaged',
    });
    const { bytes } = await taken();
    const headEnd = 8 + bytes.readUInt32LE(0);
    const rowsEnd = headEnd + 8 + bytes.readUInt32LE(headEnd);
    const withoutRows = Buffer.concat([bytes.subarray(0, headEnd), bytes.subarray(rowsEnd)]);
    expect((await restoreOf(() => withoutRows)).restored).toMatchObject({
      state: 'damaged',
      reason: expect.stringContaining('too early') as unknown,
    });
    expect((await restoreOf(() => bytes.subarray(headEnd))).restored).toMatchObject({ state: 'damaged' });
  });

  it('is one of another store, too', async () => {
    const { power, clock } = await taken();
    const other = storeOn(power.disk, clock, 'others');
    expect(await other.restore(FILE)).toEqual({
      state: 'damaged',
      reason: `${FILE}: it is of rows, not of others`,
    });
  });

  it('does not keep the store from being filled again and taken anew', async () => {
    const { power, clock } = await taken();
    power.change(FILE, (all) => all.subarray(0, 99));
    const store = storeOn(power.disk, clock);
    await store.restore(FILE);
    await write(store, 'a', 1);
    await store.snapshot(FILE, at(5));
    const after = storeOn(power.disk, clock);
    expect(await after.restore(FILE)).toMatchObject({ state: 'restored', position: at(5), rows: 1 });
  });
});

describe("on the machine's disk", () => {
  it('is kept for its owner alone, leaves no draft, and replaces the one before', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'snapshot-'));
    try {
      const file = path.join(folder, 'rows');
      const clock = createFakeClock();
      const open = () => createCheckpointedKeyValueStore<Row>({ name: 'rows', clock });
      const store = open();
      expect(await store.restore(file)).toEqual({ state: 'absent' });
      for (let n = 0; n < 3_000; n += 1) await store.cas(`k${n}`, row(n), undefined, 60);
      await store.snapshot(file, at(1));
      await store.remove('k0', (await store.get('k0'))?.version);
      await store.snapshot(file, at(2));
      const after = open();
      expect(await after.restore(file)).toEqual({
        state: 'restored',
        position: at(2),
        rows: 2_999,
        expired: 0,
      });
      expect(await readdir(folder)).toEqual(['rows']);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      await expect(store.snapshot(path.join(folder, 'nowhere', 'rows'), at(3))).rejects.toThrow(/ENOENT/);
      await store.snapshot(file, at(4));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
