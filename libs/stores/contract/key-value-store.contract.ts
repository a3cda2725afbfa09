// What every KeyValueStore must do, whatever keeps it. Called by each adapter's spec.
// Port: src/key-value-store.port.ts.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type KeyValueStore, StoreUnavailable } from '../src/key-value-store.port.js';

export type KeyValueHarness = Readonly<{
  /** A store with nothing in it. `entriesMax` is absent where the adapter's bound is not ours to set. */
  create(options?: { entriesMax: number }): KeyValueStore<Row> | Promise<KeyValueStore<Row>>;
  /** Lets time pass for the store: by its clock, or truly where it has its own. */
  advance(seconds: number): void | Promise<void>;
  /** True where a full store refuses by `entriesMax`. */
  bounded: boolean;
  /** Runs of the property test; fewer where time is real. */
  runs: number;
}>;

export type Row = Readonly<{ n: number; text: string }>;

const row = (n: number): Row => ({ n, text: `row ${n} é 😀` });
const TTL_S = 60;

export const keyValueStoreContract = (adapter: string, harness: KeyValueHarness): void => {
  describe(`KeyValueStore on ${adapter}`, () => {
    describe('reading and writing', () => readsAndWrites(harness));
    describe('compare and set', () => comparesAndSets(harness));
    describe('expiry', () => expires(harness));
    if (harness.bounded) describe('bound', () => isBounded(harness));
    describe('entries', () => listsEntries(harness));
    it('behaves as the model does, whatever is done in whatever order', () => agreesWithModel(harness));
  });
};

const readsAndWrites = ({ create }: KeyValueHarness): void => {
  it('knows nothing of a key that was never written', async () => {
    const store = await create();
    expect(await store.get('a')).toBeUndefined();
    expect(await store.getMany(['a', 'b'])).toEqual(new Map());
  });

  it('returns what was written, to get and to getMany, and leaves absent keys out', async () => {
    const store = await create();
    expect(await store.cas('a', row(1), undefined, TTL_S)).toBe(true);
    expect(await store.cas('b', row(2), undefined, TTL_S)).toBe(true);
    expect((await store.get('a'))?.value).toEqual(row(1));
    const many = await store.getMany(['a', 'nobody', 'b', 'a']);
    expect([...many.keys()].sort()).toEqual(['a', 'b']);
    expect(many.get('b')?.value).toEqual(row(2));
    expect(await store.cas('b', row(3), many.get('b')?.version, TTL_S)).toBe(true);
  });

  it('keeps keys apart that differ in case, spaces or accents', async () => {
    const store = await create();
    const keys = ['k', 'K', 'k ', 'é', 'e\u0301', '__proto__', 'constructor', ''];
    for (const [n, key] of keys.entries()) expect(await store.cas(key, row(n), undefined, TTL_S)).toBe(true);
    for (const [n, key] of keys.entries()) expect((await store.get(key))?.value).toEqual(row(n));
  });
};

const comparesAndSets = ({ create }: KeyValueHarness): void => {
  it('refuses to create a key that is there', async () => {
    const store = await create();
    await store.cas('a', row(1), undefined, TTL_S);
    expect(await store.cas('a', row(2), undefined, TTL_S)).toBe(false);
    expect((await store.get('a'))?.value).toEqual(row(1));
  });

  it('writes at the version that was read, once', async () => {
    const store = await create();
    await store.cas('a', row(1), undefined, TTL_S);
    const read = await store.get('a');
    expect(await store.cas('a', row(2), read?.version, TTL_S)).toBe(true);
    expect(await store.cas('a', row(3), read?.version, TTL_S)).toBe(false);
    expect(await store.remove('a', read?.version)).toBe(false);
    expect((await store.get('a'))?.value).toEqual(row(2));
  });

  it('changes the version even when the same value is written again', async () => {
    const store = await create();
    await store.cas('a', row(1), undefined, TTL_S);
    const read = await store.get('a');
    await store.cas('a', row(1), read?.version, TTL_S);
    expect(await store.cas('a', row(2), read?.version, TTL_S)).toBe(false);
  });

  it('does not take a version from before a removal for the one after it', async () => {
    const store = await create();
    await store.cas('a', row(1), undefined, TTL_S);
    const first = await store.get('a');
    expect(await store.remove('a', first?.version)).toBe(true);
    expect(await store.get('a')).toBeUndefined();
    expect(await store.cas('a', row(2), first?.version, TTL_S)).toBe(false);
    expect(await store.cas('a', row(3), undefined, TTL_S)).toBe(true);
    expect(await store.cas('a', row(4), first?.version, TTL_S)).toBe(false);
    expect(await store.remove('a', first?.version)).toBe(false);
    expect((await store.get('a'))?.value).toEqual(row(3));
  });

  it('lets exactly one of many racing writers win, for a new key and for an old one', async () => {
    const store = await create();
    const race = (version: unknown) =>
      Promise.all(Array.from({ length: 20 }, (_, n) => store.cas('a', row(n), version, TTL_S)));
    for (let round = 0; round < 5; round += 1) {
      const before = await store.get('a');
      const outcomes = await race(before?.version);
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      expect((await store.get('a'))?.value).toEqual(row(outcomes.indexOf(true)));
    }
  });

  it('lets every one of many counters count when each tries again', async () => {
    const store = await create();
    const count = async (): Promise<void> => {
      for (;;) {
        const read = await store.get('counter');
        if (await store.cas('counter', row((read?.value.n ?? 0) + 1), read?.version, TTL_S)) return;
      }
    };
    await Promise.all(Array.from({ length: 10 }, count));
    expect((await store.get('counter'))?.value.n).toBe(10);
  });

  it('lets one of a racing writer and remover win', async () => {
    const store = await create();
    await store.cas('a', row(1), undefined, TTL_S);
    const version = (await store.get('a'))?.version;
    const [removed, written] = await Promise.all([
      store.remove('a', version),
      store.cas('a', row(2), version, TTL_S),
    ]);
    expect([removed, written].filter(Boolean)).toHaveLength(1);
    expect((await store.get('a'))?.value).toEqual(written ? row(2) : undefined);
  });
};

const expires = ({ create, advance }: KeyValueHarness): void => {
  it('forgets a value when its time is over, and not before', async () => {
    const store = await create();
    await store.cas('short', row(1), undefined, 2);
    await store.cas('long', row(2), undefined, TTL_S);
    await advance(1);
    expect((await store.get('short'))?.value).toEqual(row(1));
    await advance(2);
    expect(await store.get('short')).toBeUndefined();
    expect([...(await store.getMany(['short', 'long'])).keys()]).toEqual(['long']);
  });

  it('counts from the last write', async () => {
    const store = await create();
    await store.cas('a', row(1), undefined, 2);
    await advance(1);
    await store.cas('a', row(2), (await store.get('a'))?.version, 4);
    await advance(2);
    expect((await store.get('a'))?.value).toEqual(row(2));
  });

  it('treats an expired key as absent: a new one is created, the old version is worth nothing', async () => {
    const store = await create();
    await store.cas('a', row(1), undefined, 1);
    const old = await store.get('a');
    await advance(3);
    expect(await store.cas('a', row(2), old?.version, TTL_S)).toBe(false);
    expect(await store.remove('a', old?.version)).toBe(false);
    expect(await store.cas('a', row(3), undefined, TTL_S)).toBe(true);
    expect((await store.get('a'))?.value).toEqual(row(3));
  });

  it('leaves nothing when written with no time to live', async () => {
    const store = await create();
    expect(await store.cas('a', row(1), undefined, 0)).toBe(true);
    expect(await store.get('a')).toBeUndefined();
    await store.cas('a', row(1), undefined, TTL_S);
    expect(await store.cas('a', row(2), (await store.get('a'))?.version, -1)).toBe(true);
    expect(await store.get('a')).toBeUndefined();
  });
};

const isBounded = ({ create, advance }: KeyValueHarness): void => {
  it('refuses new keys when full, evicts nothing, and goes on changing and removing what it has', async () => {
    const store = await create({ entriesMax: 3 });
    for (const n of [1, 2, 3]) await store.cas(`k${n}`, row(n), undefined, TTL_S);
    await expect(store.cas('k4', row(4), undefined, TTL_S)).rejects.toBeInstanceOf(StoreUnavailable);
    for (const n of [1, 2, 3]) expect((await store.get(`k${n}`))?.value).toEqual(row(n));

    expect(await store.cas('k1', row(9), (await store.get('k1'))?.version, TTL_S)).toBe(true);
    expect(await store.remove('k2', (await store.get('k2'))?.version)).toBe(true);
    expect(await store.cas('k4', row(4), undefined, TTL_S)).toBe(true);
  });

  it('makes room from what has expired', async () => {
    const store = await create({ entriesMax: 3 });
    for (const n of [1, 2]) await store.cas(`k${n}`, row(n), undefined, 1);
    await store.cas('k3', row(3), undefined, TTL_S);
    await advance(2);
    expect(await store.cas('k4', row(4), undefined, TTL_S)).toBe(true);
    expect(await store.cas('k5', row(5), undefined, TTL_S)).toBe(true);
    await expect(store.cas('k6', row(6), undefined, TTL_S)).rejects.toBeInstanceOf(StoreUnavailable);
  });
};

const listsEntries = ({ create, advance }: KeyValueHarness): void => {
  it('shows every live entry and no other, where the adapter can', async () => {
    const store = await create();
    if (!store.entries) return;
    await store.cas('gone', row(1), undefined, 1);
    await store.cas('kept', row(2), undefined, TTL_S);
    await store.cas('removed', row(3), undefined, TTL_S);
    await store.remove('removed', (await store.get('removed'))?.version);
    await advance(2);
    expect([...store.entries()]).toEqual([['kept', row(2)]]);
  });
};

// ---- The model: a plain map with expiry times, to which the store is compared after every step ----

type Step =
  | { do: 'cas'; key: string; n: number; at: 'current' | 'stale' | 'absent'; ttlS: number }
  | { do: 'remove'; key: string; at: 'current' | 'stale' | 'absent' }
  | { do: 'advance'; seconds: number };

const key = fc.constantFrom('a', 'b', 'c');
const at = fc.constantFrom('current' as const, 'stale' as const, 'absent' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('cas' as const),
      key,
      n: fc.nat(),
      at,
      ttlS: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), key, at }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('advance' as const), seconds: fc.integer({ min: 1, max: 5 }) }),
  },
);

/** Half a second off the store's whole ones: no step falls on the instant at which a value expires. */
const OFFSET_S = 0.5;

const agreesWithModel = ({ create, advance, runs }: KeyValueHarness) =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const store = await create();
      const model = new Map<string, { n: number; expiresAtS: number }>();
      const seen = new Map<string, unknown>();
      let nowS = 0;
      const current = (name: string) => {
        const held = model.get(name);
        return held && held.expiresAtS > nowS ? held : undefined;
      };
      const versionFor = async (name: string, which: 'current' | 'stale' | 'absent') =>
        which === 'absent'
          ? undefined
          : which === 'stale'
            ? seen.get(name)
            : (await store.get(name))?.version;

      for (const one of steps) {
        if (one.do === 'advance') {
          nowS += one.seconds;
          await advance(one.seconds);
          continue;
        }
        const before = await store.get(one.key);
        expect(before?.value.n).toBe(current(one.key)?.n);
        const version = await versionFor(one.key, one.at);
        // Versions are the adapter's own: two reads of one state may give two that are alike.
        const expected = isDeepStrictEqual(version, before?.version);
        if (one.do === 'remove') {
          expect(await store.remove(one.key, version)).toBe(expected);
          if (expected) model.delete(one.key);
        } else {
          expect(await store.cas(one.key, row(one.n), version, one.ttlS + OFFSET_S)).toBe(expected);
          if (expected) model.set(one.key, { n: one.n, expiresAtS: nowS + one.ttlS + OFFSET_S });
        }
        if (before) seen.set(one.key, before.version);
      }
      for (const name of ['a', 'b', 'c']) expect((await store.get(name))?.value.n).toBe(current(name)?.n);
    }),
    { numRuns: runs },
  );
