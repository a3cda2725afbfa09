// Which buckets are asked: those of a group lie together, and everything else is spread.
import type { CassandraDatabase, CqlValue } from './cassandra-database.port.js';
import { createCassandraTableStore } from './cassandra-table-store.js';

const setUp = async () => {
  const rows = new Map<string, Map<string, string>>();
  const asked: number[] = [];
  const bucketAt = (bucket: CqlValue): Map<string, string> => {
    const known = rows.get(String(bucket)) ?? new Map<string, string>();
    rows.set(String(bucket), known);
    return known;
  };
  const database = {
    keyspace: 'k',
    decide: () => Promise.resolve(true),
    readDecided: () => Promise.resolve([{ epoch: 1, buckets: 128 }]),
    read: (sql: string, [, , bucket, from]: readonly CqlValue[]) => {
      if (!sql.includes('LIMIT')) return Promise.resolve([]);
      asked.push(Number(bucket));
      const found = [...bucketAt(bucket!)].filter(([key]) => key >= String(from)).sort(([a], [b]) => (a < b ? -1 : 1));
      return Promise.resolve(found.map(([key, row]) => ({ key, row })));
    },
    write: (_sql: string, [, , bucket, key, row]: readonly CqlValue[]) => {
      bucketAt(bucket!).set(String(key), String(row));
      return Promise.resolve();
    },
  } as unknown as CassandraDatabase; // prettier-ignore
  const groupOf = (key: string): string | undefined => /^line\/[^/]*\//.exec(key)?.[0];
  const store = await createCassandraTableStore<string>({ database, name: 'lines', groupOf });
  const keys = ['line/a@x/1', 'line/a@x/2', 'line/b@x/1', 'number/1', 'number/2'];
  await store.apply(
    keys.map((key, n) => ({ key, row: key, position: { generation: 1, partition: 0, offset: n } })),
  );
  return { store, asked };
};

it('reads one bucket for a group, and all of them for anything else', async () => {
  const { store, asked } = await setUp();
  const group = await store.scan({ prefix: 'line/a@x/', limit: 10 });
  expect([group.map(([key]) => key), asked.length]).toEqual([['line/a@x/1', 'line/a@x/2'], 1]);
  const after = await store.scan({ prefix: 'line/a@x/', after: 'line/a@x/1', limit: 10 });
  expect(after.map(([key]) => key)).toContain('line/a@x/2');
  asked.length = 0;
  await store.scan({ prefix: 'number/', limit: 10 });
  expect(new Set(asked).size).toBe(128);
});
