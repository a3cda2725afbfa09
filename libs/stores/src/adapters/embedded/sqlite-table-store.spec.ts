import { jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { Position } from '#libs/decider';
import { createFakeClock } from '#libs/testkit';
import { type TableRow, tableStoreContract } from '../../../contract/table-store.contract.js';
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { TableStore } from '../../table-store.port.js';
import {
  openSqliteDatabase,
  SQL_ANSWER_TIMEOUT_MS,
  type SqliteDatabase,
  startSqliteWorker,
} from './sqlite-database.js';
import { createSqliteTableStore } from './sqlite-table-store.js';

// Real threads and a real disk: on a busy machine a test may take longer than the usual five seconds.
jest.setTimeout(30_000);

const clock = createFakeClock();
const opened = new Map<SqliteDatabase, string>();
let folder = '';
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stores-'));
});
/** The contract's tests share one file: a thread takes longer to start than a test to run. */
let shared: SqliteDatabase | undefined;
const closeAll = async (but?: SqliteDatabase) => {
  const closing = [...opened.keys()].filter((database) => database !== but);
  for (const database of closing) opened.delete(database);
  await Promise.all(closing.map((database) => database.close()));
};
afterEach(() => closeAll(shared));
afterAll(async () => {
  await closeAll();
  await rm(folder, { recursive: true });
});

const openFile = async (file: string, workers: Worker[] = []) => {
  const startWorker = (name: string) => {
    const worker = startSqliteWorker(name);
    workers.push(worker);
    return worker;
  };
  const database = await openSqliteDatabase({ file, clock, startWorker });
  opened.set(database, file);
  return database;
};
const newFile = () => path.join(folder, `${(files += 1)}.sqlite`);
const tableIn = (database: SqliteDatabase, cacheRowsMax = 100) =>
  createSqliteTableStore<TableRow>({ database, name: 'rows', cacheRowsMax });
const row = (n: number): TableRow => ({ n, text: `row ${n}` });
const at = (offset: number): Position => ({ generation: 1, partition: 0, offset });
const put = (key: string, n: number, offset = n) => ({ key, row: row(n), position: at(offset) });

const databases = new WeakMap<TableStore<TableRow>, SqliteDatabase>();

for (const cacheRowsMax of [100, 1]) {
  tableStoreContract(`SQLite, ${cacheRowsMax} cached`, {
    async create() {
      if (!shared || !opened.has(shared)) shared = await openFile(newFile());
      const table = await tableIn(shared, cacheRowsMax);
      await table.clear();
      databases.set(table, shared);
      return table;
    },
    async reopen(table) {
      const database = databases.get(table);
      const file = database && opened.get(database);
      if (!database || !file) throw new Error('not one of these tables');
      await database.close();
      opened.delete(database);
      return tableIn(await openFile(file), cacheRowsMax);
    },
    runs: 40,
  });
}

/** Resolves when the main thread has heard that the worker is gone. */
const killed = async (worker: Worker | undefined) => {
  const gone = new Promise((resolve) => worker?.once('exit', resolve));
  await worker?.terminate();
  await gone;
};

describe('the SQLite table store alone', () => {
  it("answers from memory what it has read or written, also absence, and reads a crowd's row once", async () => {
    const workers: Worker[] = [];
    const table = await tableIn(await openFile(newFile(), workers));
    await table.apply([put('a', 1)]);
    await table.get('nobody');
    let asked = 0;
    const worker = workers[0];
    const post = worker?.postMessage.bind(worker);
    if (worker && post) {
      worker.postMessage = (message: { batch?: { reads: unknown[] } }) => {
        asked += message.batch?.reads.length ?? 0;
        post(message);
      };
    }

    expect(await table.get('a')).toEqual(row(1));
    expect(await table.get('nobody')).toBeUndefined();
    expect(asked).toBe(0);
    await Promise.all(Array.from({ length: 50 }, () => table.get('other')));
    expect(asked).toBe(1);
  });

  it('shows no cached row that a later apply has replaced, however they interleave', async () => {
    const table = await tableIn(await openFile(newFile()), 2);
    for (let n = 1; n <= 200; n += 1) {
      const before = table.get('a');
      const written = table.apply([put('a', n), put(`b${n % 3}`, n)]);
      const between = table.get('a');
      await written;
      expect(await table.get('a')).toEqual(row(n));
      expect((await before)?.n ?? 0).toBe(n - 1);
      expect([n - 1, n]).toContain((await between)?.n ?? 0);
    }
  });

  it('keeps each row that an older write loses to, in the cache as in the file', async () => {
    const file = newFile();
    const database = await openFile(file);
    const table = await tableIn(database);
    await table.apply([put('a', 5)]);
    await table.apply([put('a', 3), put('b', 3)]);
    expect(await table.get('a')).toEqual(row(5));
    await database.close();
    opened.delete(database);
    expect(await (await tableIn(await openFile(file))).get('a')).toEqual(row(5));
  });

  it('puts applies that wait together into one transaction', async () => {
    const workers: Worker[] = [];
    const table = await tableIn(await openFile(newFile(), workers));
    let batches = 0;
    workers[0]?.on('message', ({ kind }: { kind: string }) => (batches += kind === 'written' ? 1 : 0));
    await Promise.all(Array.from({ length: 500 }, (_, n) => table.apply([put(`k${n}`, n + 1)])));
    expect(batches).toBe(1);
  });

  it('commits to the disk, not to the page cache, and leaves the file to no other process', async () => {
    const database = await openFile(newFile());
    const pragma = (name: string) => database.read(`PRAGMA ${name}`, [], ([row]) => row?.[0]);
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('locking_mode')).toBe('exclusive');
  });

  it('keeps tables of one file apart', async () => {
    const database = await openFile(newFile());
    const first = await createSqliteTableStore<TableRow>({ database, name: 'first' });
    const second = await createSqliteTableStore<TableRow>({ database, name: 'second-one' });
    await first.apply([put('a', 1)], at(1));
    expect(await second.get('a')).toBeUndefined();
    expect(await second.checkpoint()).toBeUndefined();
    await second.clear();
    expect(await first.get('a')).toEqual(row(1));
    expect(await first.checkpoint()).toEqual(at(1));
    await expect(createSqliteTableStore({ database, name: 'x"; --' })).rejects.toThrow(RangeError);
  });

  it('refuses what waits beyond its bound, and serves the rest', async () => {
    const database = await openSqliteDatabase({ file: newFile(), clock, requestsMax: 3 });
    opened.set(database, '');
    const table = await tableIn(database);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, (_, n) => table.apply([put(`k${n}`, 1)])),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(outcomes[4]).toMatchObject({ reason: expect.any(StoreUnavailable) as unknown });
    expect(await table.get('k2')).toEqual(row(1));
    expect(await table.get('k3')).toBeUndefined();
  });

  it('rejects when closed, after finishing what waited', async () => {
    const database = await openFile(newFile());
    const table = await tableIn(database);
    const written = table.apply([put('a', 1)]);
    await database.close();
    await expect(written).resolves.toBeUndefined();
    await expect(table.get('b')).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(table.apply([put('a', 2)])).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

describe('a worker that dies', () => {
  it('fails what was under way, and serves the next request from a new one', async () => {
    const workers: Worker[] = [];
    const table = await tableIn(await openFile(newFile(), workers));
    await table.apply([put('a', 1)]);
    // Never reaches the worker, so that it is under way for certain when the worker dies.
    if (workers[0]) workers[0].postMessage = () => undefined;
    const under = table.get('b').catch((error: unknown) => error);
    await Promise.resolve();
    await killed(workers[0]);
    expect(await under).toBeInstanceOf(StoreUnavailable);
    expect(await table.get('b')).toBeUndefined();
    expect(await table.get('a')).toEqual(row(1));
    await table.apply([put('a', 2)]);
    expect(await table.get('a')).toEqual(row(2));
    expect(workers).toHaveLength(2);
  });

  it('leaves every apply whole or without trace, and each acknowledged one there', async () => {
    for (let round = 0; round < 5; round += 1) {
      const workers: Worker[] = [];
      const table = await tableIn(await openFile(newFile(), workers));
      let acknowledged = 0;
      let given = 0;
      // Each apply writes two rows and the checkpoint; what is there must agree.
      const write = async () => {
        for (let n = 1; ; n += 1) {
          given = n;
          await table.apply([put('left', n), put('right', n)], at(n));
          acknowledged = n;
        }
      };
      const writing = write().catch((error: unknown) => error);
      while (acknowledged < 3 + round * 5) await new Promise((resolve) => setImmediate(resolve));
      await killed(workers[0]);
      expect(await writing).toBeInstanceOf(StoreUnavailable);

      const [left, right] = [await table.get('left'), await table.get('right')];
      expect(left).toEqual(right);
      expect((await table.checkpoint())?.offset).toBe(left?.n);
      expect(left?.n).toBeGreaterThanOrEqual(acknowledged);
      expect(left?.n).toBeLessThanOrEqual(given);
    }
  });

  it('that cannot open its file says why, and is tried again, but not at once', async () => {
    const missing = path.join(folder, 'no-such-folder', 'x.sqlite');
    await expect(openSqliteDatabase({ file: missing, clock })).rejects.toThrow(/x.sqlite: .*open/);

    const workers: Worker[] = [];
    let broken = false;
    const file = newFile();
    const startWorker = (name: string) => {
      const worker = startSqliteWorker(broken ? missing : name);
      workers.push(worker);
      return worker;
    };
    const database = await openSqliteDatabase({ file, clock, startWorker });
    opened.set(database, file);
    const table = await tableIn(database);
    await table.apply([put('a', 1)]);
    broken = true;
    await killed(workers[0]);
    await expect(table.get('a')).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(table.get('a')).rejects.toBeInstanceOf(StoreUnavailable);
    expect(workers).toHaveLength(2);
    broken = false;
    clock.advance(1_000);
    expect(await table.get('a')).toEqual(row(1));
  });

  it('keeps a file that is in use, or none of ours, from being opened', async () => {
    const file = newFile();
    await openFile(file);
    await expect(openSqliteDatabase({ file, clock })).rejects.toThrow(/locked/);
    const text = newFile();
    await writeFile(
      text,
      'this is not a database, and long enough not to be taken for an empty one'.repeat(20),
    );
    await expect(openSqliteDatabase({ file: text, clock })).rejects.toThrow(/not a database/);
  });
});

describe('a disk that is full', () => {
  it('refuses applies whole, goes on reading, and takes them again when there is room', async () => {
    const database = await openFile(newFile());
    const table = await tableIn(database);
    await table.apply([put('a', 1)], at(1));
    // SQLite's own bound on the file stands in for a full disk: the same error, SQLITE_FULL, at the same place.
    const limitPages = (pages: number) =>
      database.read(`PRAGMA max_page_count = ${pages}`, [], () => undefined);
    await limitPages(10);
    const large = { key: 'large', row: { n: 2, text: 'x'.repeat(100_000) }, position: at(2) };
    await expect(table.apply([put('a', 2), large], at(2))).rejects.toThrow(/full/);
    await expect(table.apply([put('a', 2), large], at(2))).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await table.get('a')).toEqual(row(1));
    expect(await table.get('large')).toBeUndefined();
    expect(await table.checkpoint()).toEqual(at(1));
    await limitPages(1_000);
    await table.apply([put('a', 2), large], at(2));
    expect((await table.get('large'))?.n).toBe(2);
    expect(await table.get('a')).toEqual(row(2));
  });
});

describe('a disk that does not answer', () => {
  it('fails callers at the deadline, and at once after it, until it answers', async () => {
    const workers: Worker[] = [];
    const table = await tableIn(await openFile(newFile(), workers));
    const worker = workers[0];
    const held: unknown[] = [];
    const post = worker?.postMessage.bind(worker);
    if (worker) worker.postMessage = (message: unknown) => void held.push(message);
    const late = table.apply([put('a', 1)]).catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    const queued = table.get('b').catch((error: unknown) => error);
    clock.advance(SQL_ANSWER_TIMEOUT_MS);
    expect(await late).toBeInstanceOf(StoreUnavailable);
    expect(await queued).toBeInstanceOf(StoreUnavailable);
    await expect(table.get('a')).rejects.toThrow(/does not answer/);

    if (worker && post) worker.postMessage = post;
    const answered = new Promise((resolve) => worker?.once('message', resolve));
    for (const message of held) post?.(message);
    await answered;
    expect(await table.get('a')).toEqual(row(1));
  });
});

describe('a checkpoint of a log with partitions', () => {
  const cursors = (registration: number) => ({ 'registration/0': registration, 'registration/1': 4 });

  it('is kept with its cursors, over a restart, and only the later of two', async () => {
    const file = newFile();
    const first = await openFile(file);
    const table = await tableIn(first);
    await table.apply([put('a', 1)], { ...at(9), cursors: cursors(5) });
    await table.apply([], { ...at(7), cursors: cursors(3) });
    expect(await table.checkpoint()).toEqual({ ...at(9), cursors: cursors(5) });
    await first.close();
    opened.delete(first);
    const again = await tableIn(await openFile(file));
    expect(await again.checkpoint()).toEqual({ ...at(9), cursors: cursors(5) });
    await again.apply([put('a', 2)], at(20));
    expect(await again.checkpoint()).toEqual(at(20));
    await again.clear();
    expect(await again.checkpoint()).toBeUndefined();
  });
});
