// What every TableStore must do, whatever keeps it. Called by each adapter's spec.
// Port: src/table-store.port.ts.
import fc from 'fast-check';
import { comparePositions, type Position } from '#libs/decider';
import type { RowChange, TableStore } from '../src/table-store.port.js';

export type TableHarness = Readonly<{
  /** A table with nothing in it and no checkpoint. */
  create(): TableStore<TableRow> | Promise<TableStore<TableRow>>;
  /** The same table after the process was started again; absent where nothing is kept. */
  reopen?(table: TableStore<TableRow>): Promise<TableStore<TableRow>>;
  /** Runs of the property test. */
  runs: number;
}>;

export type TableRow = Readonly<{ n: number; text: string }>;

const row = (n: number): TableRow => ({ n, text: `row ${n} é 😀\u0000"'` });
const at = (offset: number, generation = 1): Position => ({ generation, partition: 0, offset });
const put = (key: string, n: number, offset: number): RowChange<TableRow> => ({
  key,
  row: row(n),
  position: at(offset),
});
const drop = (key: string, offset: number): RowChange<TableRow> => ({
  key,
  row: undefined,
  position: at(offset),
});

export const tableStoreContract = (adapter: string, harness: TableHarness): void => {
  describe(`TableStore on ${adapter}`, () => {
    describe('rows', () => keepsRows(harness));
    describe('order of the log', () => followsTheLog(harness));
    describe('checkpoint', () => keepsCheckpoint(harness));
    describe('scan', () => scans(harness));
    if (harness.reopen) describe('restart', () => survivesRestart(harness));
    it('ends the same whatever the order, the grouping and the repeats of its writes', () =>
      agreesWithModel(harness));
  });
};

const keepsRows = ({ create }: TableHarness): void => {
  it('knows nothing of a key that was never written', async () => {
    const table = await create();
    expect(await table.get('a')).toBeUndefined();
    expect(await table.get('a')).toBeUndefined();
    expect(await table.getMany(['a', 'b'])).toEqual(new Map());
  });

  it('returns what was applied, also where absence was seen before', async () => {
    const table = await create();
    expect(await table.get('a')).toBeUndefined();
    await table.apply([put('a', 1, 1), put('b', 2, 2)]);
    expect(await table.get('a')).toEqual(row(1));
    expect(await table.getMany(['b', 'nobody', 'a', 'b'])).toEqual(
      new Map([
        ['a', row(1)],
        ['b', row(2)],
      ]),
    );
  });

  it('deletes', async () => {
    const table = await create();
    await table.apply([put('a', 1, 1), put('b', 2, 1)]);
    await table.apply([drop('a', 2), drop('never', 2)]);
    expect(await table.get('a')).toBeUndefined();
    expect(await table.getMany(['a', 'b'])).toEqual(new Map([['b', row(2)]]));
  });

  it('keeps keys apart that differ in case, spaces or accents', async () => {
    const table = await create();
    const keys = ['k', 'K', 'k ', 'é', 'e\u0301', '__proto__', '', 'a\u0000b', 'a\u0000c', 'a', '😀'];
    await table.apply(keys.map((key, n) => put(key, n, 1)));
    for (const [n, key] of keys.entries()) expect(await table.get(key)).toEqual(row(n));
    expect((await table.getMany(keys)).size).toBe(keys.length);
    expect((await table.scan({ limit: 100 })).map(([key]) => key).sort()).toEqual([...keys].sort());
  });

  it('refuses a key that is not well-formed, whole, and looks for none', async () => {
    const table = await create();
    await expect(table.apply([put('fine', 1, 1), put('\ud800', 2, 1)])).rejects.toThrow(RangeError);
    expect(await table.get('fine')).toBeUndefined();
    expect(await table.get('\ud800')).toBeUndefined();
  });

  it('takes nothing as a change of nothing', async () => {
    const table = await create();
    await table.apply([]);
    expect(await table.checkpoint()).toBeUndefined();
    expect(await table.scan({ limit: 1 })).toEqual([]);
  });
};

const followsTheLog = ({ create }: TableHarness): void => {
  it('ignores a write at or below the position of the row', async () => {
    const table = await create();
    await table.apply([put('a', 1, 5)]);
    await table.apply([put('a', 2, 5)]);
    await table.apply([put('a', 3, 4)]);
    await table.apply([drop('a', 5)]);
    expect(await table.get('a')).toEqual(row(1));
    await table.apply([put('a', 4, 6)]);
    expect(await table.get('a')).toEqual(row(4));
  });

  it('does not bring a deleted row back by a late older write', async () => {
    const table = await create();
    await table.apply([put('a', 1, 1)]);
    await table.apply([drop('a', 3)]);
    await table.apply([put('a', 2, 2)]);
    expect(await table.get('a')).toBeUndefined();
    await table.apply([drop('b', 3)]);
    await table.apply([put('b', 2, 2)]);
    expect(await table.get('b')).toBeUndefined();
    await table.apply([put('a', 4, 4)]);
    expect(await table.get('a')).toEqual(row(4));
  });

  it('puts a newer generation above every offset of an older one', async () => {
    const table = await create();
    await table.apply([put('a', 1, 1_000)]);
    await table.apply([{ key: 'a', row: row(2), position: at(1, 2) }]);
    expect(await table.get('a')).toEqual(row(2));
    await table.apply([put('a', 3, 2_000)]);
    expect(await table.get('a')).toEqual(row(2));
  });

  it('lets the highest position win within one apply and among racing ones', async () => {
    const table = await create();
    await table.apply([put('a', 3, 3), put('a', 1, 1), put('a', 2, 2)]);
    expect(await table.get('a')).toEqual(row(3));
    const offsets = [14, 11, 19, 12, 17];
    await Promise.all(offsets.map((offset) => table.apply([put('b', offset, offset)])));
    expect(await table.get('b')).toEqual(row(19));
  });

  it('keeps offsets exact up to the largest safe integer', async () => {
    const table = await create();
    await table.apply([put('a', 1, Number.MAX_SAFE_INTEGER - 1)], at(Number.MAX_SAFE_INTEGER - 1));
    await table.apply([put('a', 2, Number.MAX_SAFE_INTEGER)], at(Number.MAX_SAFE_INTEGER));
    await table.apply([put('a', 3, Number.MAX_SAFE_INTEGER - 1)]);
    expect(await table.get('a')).toEqual(row(2));
    expect(await table.checkpoint()).toEqual(at(Number.MAX_SAFE_INTEGER));
  });
};

const keepsCheckpoint = ({ create }: TableHarness): void => {
  it('has none at first, then the highest that was given', async () => {
    const table = await create();
    expect(await table.checkpoint()).toBeUndefined();
    await table.apply([put('a', 1, 1)], at(7));
    expect(await table.checkpoint()).toEqual(at(7));
    await table.apply([put('a', 2, 2)]);
    expect(await table.checkpoint()).toEqual(at(7));
    await table.apply([], at(9));
    await table.apply([], at(8));
    expect(await table.checkpoint()).toEqual(at(9));
    await table.apply([], at(1, 2));
    expect(await table.checkpoint()).toEqual(at(1, 2));
  });

  it('is gone with the rows after clear, and old positions count again', async () => {
    const table = await create();
    await table.apply([put('a', 1, 5), put('b', 1, 5)], at(5));
    await table.get('a');
    await table.clear();
    expect(await table.get('a')).toBeUndefined();
    expect(await table.checkpoint()).toBeUndefined();
    expect(await table.scan({ limit: 10 })).toEqual([]);
    await table.apply([put('a', 2, 1)], at(1));
    expect(await table.get('a')).toEqual(row(2));
    expect(await table.checkpoint()).toEqual(at(1));
  });
};

const scans = ({ create }: TableHarness): void => {
  const keysOf = (rows: readonly (readonly [string, TableRow])[]) => rows.map(([key]) => key);

  it('pages through all rows in key order', async () => {
    const table = await create();
    const keys = ['c', 'a', 'e', 'b', 'd'];
    await table.apply(keys.map((key, n) => put(key, n, 1)));
    await table.apply([drop('d', 2)]);
    expect(await table.scan({ limit: 2 })).toEqual([
      ['a', row(1)],
      ['b', row(3)],
    ]);
    expect(keysOf(await table.scan({ limit: 2, after: 'b' }))).toEqual(['c', 'e']);
    expect(keysOf(await table.scan({ limit: 2, after: 'e' }))).toEqual([]);
    expect(keysOf(await table.scan({ limit: 9, after: 'aa' }))).toEqual(['b', 'c', 'e']);
  });

  it('narrows to a prefix, also at the ends of Unicode and with wildcards in it', async () => {
    const table = await create();
    const keys = [
      'a',
      'ab',
      'aB',
      'a%',
      'a%b',
      'a_',
      'b',
      'a\uffff',
      'a😀',
      '\ud7ff',
      '\ue000',
      'a\u{10ffff}x',
    ];
    await table.apply(keys.map((key, n) => put(key, n, 1)));
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const prefix of ['', 'a', 'a%', 'a_', 'ab', 'a\uffff', '\ud7ff', 'a\u{10ffff}', 'z']) {
      const expected = sorted.filter((key) => key.startsWith(prefix));
      expect(keysOf(await table.scan({ prefix, limit: 100 }))).toEqual(expected);
      const after = expected[1];
      if (after) expect(keysOf(await table.scan({ prefix, after, limit: 100 }))).toEqual(expected.slice(2));
    }
  });

  it('refuses a limit that bounds nothing', async () => {
    const table = await create();
    for (const limit of [0, -1, 1.5, Number.NaN, Infinity, 1e9]) {
      await expect(table.scan({ limit })).rejects.toThrow(RangeError);
    }
  });
};

const survivesRestart = ({ create, reopen }: TableHarness): void => {
  it('keeps rows, deletions and checkpoint', async () => {
    const before = await create();
    await before.apply([put('a', 1, 1), put('b', 2, 1), put('c', 3, 1)], at(1));
    await before.apply([drop('b', 2)], at(2));
    const table = await reopen?.(before);
    expect(await table?.get('a')).toEqual(row(1));
    expect(await table?.get('b')).toBeUndefined();
    expect(await table?.checkpoint()).toEqual(at(2));
    await table?.apply([put('b', 9, 1)]);
    expect(await table?.get('b')).toBeUndefined();
  });
};

const changeArbitrary: fc.Arbitrary<RowChange<TableRow>> = fc
  .record({ key: fc.constantFrom('a', 'b', 'c', 'd'), offset: fc.integer({ min: 1, max: 30 }) })
  // What an event writes follows from its position: the same position is the same event.
  .map(({ key, offset }) => (offset % 4 === 0 ? drop(key, offset) : put(key, offset, offset)));

const agreesWithModel = ({ create, runs }: TableHarness) =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(changeArbitrary, { maxLength: 5 }), { maxLength: 12 }),
      fc.boolean(),
      async (applies, atOnce) => {
        const table = await create();
        const newest = new Map<string, RowChange<TableRow>>();
        for (const change of applies.flat()) {
          const held = newest.get(change.key);
          if (!held || comparePositions(change.position, held.position) > 0) newest.set(change.key, change);
        }
        if (atOnce) {
          await Promise.all(applies.flatMap((changes) => [table.apply(changes), table.get('a')]));
        } else {
          for (const changes of applies) {
            await table.apply(changes);
            await table.get('a');
          }
        }
        for (const key of ['a', 'b', 'c', 'd']) expect(await table.get(key)).toEqual(newest.get(key)?.row);
        const live = [...newest].filter(([, { row: held }]) => held !== undefined).map(([key]) => key);
        expect((await table.scan({ limit: 10 })).map(([key]) => key)).toEqual(live.sort());
      },
    ),
    { numRuns: runs },
  );
