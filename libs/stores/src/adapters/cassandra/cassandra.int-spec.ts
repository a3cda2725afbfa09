// The contracts on a real Cassandra; nodes that start at once; a server that hangs or is gone; what is on its disk.
import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Position } from '#libs/decider';
import { systemClock, systemRandom } from '#libs/runtime';
import { createFakeClock, type RealEngine, startRealEngine } from '#libs/testkit';
import { credentialOf, credentialStoreContract } from '../../../contract/credential-store.contract.js';
import { tableStoreContract, type TableRow } from '../../../contract/table-store.contract.js';
import type { CredentialStore } from '../../credential-store.port.js';
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { TableStore } from '../../table-store.port.js';
import { copyCredentials } from '../copy-credentials.js';
import { masterKeyOf } from '../embedded/master-key.js';
import { openSqliteDatabase } from '../embedded/sqlite-database.js';
import { openSqliteSealedRecords } from '../embedded/sqlite-sealed-records.js';
import { createCassandraCredentialStore } from './cassandra-credential-store.js';
import { type CassandraOptions, openCassandra } from './cassandra-database.js';
import type { CassandraDatabase } from './cassandra-database.port.js';
import { STEPS } from './cassandra-migrations.js';
import { openCassandraSealedRecords } from './cassandra-sealed-records.js';
import { createCassandraTableStore } from './cassandra-table-store.js';

jest.setTimeout(180_000);

const clock = createFakeClock();
const masterKey = masterKeyOf(randomBytes(32));
const keyspaces: string[] = [];
const opened = new Set<CassandraDatabase>();
let engine: RealEngine;
let database: CassandraDatabase;
let views = 0;

const newKeyspace = (): string => {
  const name = `test_${systemRandom.token(12)}`;
  keyspaces.push(name);
  return name;
};
const openOn = async (keyspace: string, more: Partial<CassandraOptions> = {}): Promise<CassandraDatabase> => {
  const one = await openCassandra({
    contactPoints: engine.endpoints,
    localDataCenter: 'datacenter1',
    keyspace,
    clock: systemClock,
    random: systemRandom,
    // Two cores for Cassandra and all else that runs: slower than any network.
    timeoutMs: 10_000,
    ...more,
  });
  opened.add(one);
  return one;
};

beforeAll(async () => {
  engine = await startRealEngine('cassandra');
  database = await openOn(newKeyspace());
});
afterAll(async () => {
  await Promise.all([...opened].map((one) => one.close()));
  await engine.stop();
});

const names = new WeakMap<TableStore<TableRow>, string>();
const tableNamed = async (name: string): Promise<TableStore<TableRow>> => {
  const table = await createCassandraTableStore<TableRow>({ database, name, buckets: 16 });
  names.set(table, name);
  return table;
};
tableStoreContract('Cassandra', {
  create: () => tableNamed(`view-${(views += 1)}`),
  reopen: (table) => tableNamed(names.get(table) ?? ''),
  runs: 15,
});

/** One keyspace a store is too slow: what the last test left is removed. */
const emptyCredentials = async (): Promise<CredentialStore> => {
  const store = await createCassandraCredentialStore({ database, masterKey, clock });
  const versions: string[] = [];
  for await (const { versionId } of store.versions()) versions.push(versionId);
  for await (const { versionId } of store.retired()) versions.push(versionId);
  for (let at = 0; at < versions.length; at += 50)
    await Promise.all(versions.slice(at, at + 50).map((version) => store.remove(version)));
  return store;
};
credentialStoreContract('Cassandra', {
  create: emptyCredentials,
  reopen: () => createCassandraCredentialStore({ database, masterKey, clock }),
  advance: (ms) => clock.advance(ms),
});

const at = (offset: number, generation = 1): Position => ({ generation, partition: 0, offset });
const row = (n: number): TableRow => ({ n, text: `${n}` });

describe('the rows of a view', () => {
  it('are spread over buckets, and a scan of many pages gives each once, in order', async () => {
    const table = await createCassandraTableStore<TableRow>({ database, name: `view-${(views += 1)}` });
    const keys = Array.from({ length: 3_000 }, (_, n) => `irs/${String(n).padStart(5, '0')}`);
    await table.apply(keys.map((key, n) => ({ key, row: row(n), position: at(1) })));
    await table.apply(keys.slice(0, 500).map((key) => ({ key, row: undefined, position: at(2) })));
    const seen: string[] = [];
    for (let after: string | undefined; ; after = seen.at(-1)) {
      const page = await table.scan({
        prefix: 'irs/',
        limit: 700,
        ...(after === undefined ? {} : { after }),
      });
      seen.push(...page.map(([key]) => key));
      if (page.length < 700) break;
    }
    expect(seen).toEqual(keys.slice(500));
    const cql = `SELECT bucket, count(*) AS n FROM ${database.keyspace}.view_rows WHERE view_name = ? AND epoch = 1 AND bucket = ?`;
    const counts = await Promise.all(
      Array.from({ length: 128 }, (_, bucket) => database.read(cql, [`view-${views}`, bucket])),
    );
    expect(Math.max(...counts.map(([one]) => Number(one?.['n'])))).toBeLessThan(60);
  });

  it('go to the higher position whichever of two processes is later, and of two apart', async () => {
    const name = `view-${(views += 1)}`;
    const tables = await Promise.all([tableNamed(name), tableNamed(name)]);
    for (let round = 1; round <= 30; round += 1) {
      await Promise.all(
        tables.map((table, n) =>
          table.apply([{ key: 'a', row: row(2 * round + n), position: at(2 * round + n) }]),
        ),
      );
      for (const table of tables) expect(await table.get('a')).toEqual(row(2 * round + 1));
    }
  });

  it('stay for who reads the former epoch while they are rebuilt', async () => {
    const name = `view-${(views += 1)}`;
    const [reader, rebuilder] = [await tableNamed(name), await tableNamed(name)];
    await reader.apply([{ key: 'a', row: row(1), position: at(5) }], at(5));
    await rebuilder.clear();
    expect(await rebuilder.get('a')).toBeUndefined();
    expect(await reader.get('a')).toEqual(row(1));
    await rebuilder.apply([{ key: 'a', row: row(2), position: at(1) }], at(1));
    expect(await (await tableNamed(name)).get('a')).toEqual(row(2));
    await rebuilder.clear();
    expect(await reader.get('a')).toBeUndefined();
  });

  it('have a checkpoint with the cursors of a log with partitions', async () => {
    const name = `view-${(views += 1)}`;
    const table = await tableNamed(name);
    const checkpoint = { ...at(9), cursors: { 'registration/0': 5, 'registration/1': 4 } };
    await table.apply([], checkpoint);
    await table.apply([], { ...at(7), cursors: { 'registration/0': 3, 'registration/1': 4 } });
    expect(await (await tableNamed(name)).checkpoint()).toEqual(checkpoint);
    await table.apply([], at(20));
    expect(await table.checkpoint()).toEqual(at(20));
  });

  it('are refused a generation that no timestamp can hold', async () => {
    const table = await tableNamed(`view-${(views += 1)}`);
    const change = { key: 'a', row: row(1), position: at(1, 1_024) };
    await expect(table.apply([change])).rejects.toThrow(RangeError);
  });
});

describe('credentials in Cassandra', () => {
  it('are not readable there, and not with another key', async () => {
    const store = await emptyCredentials();
    await store.put('v1', { ...credentialOf('confidential'), plaintextPassword: 'correct horse' });
    const rows = await database.read(`SELECT * FROM ${database.keyspace}.credentials`, []);
    expect(rows).toHaveLength(1);
    expect(Buffer.from(rows[0]?.['sealed'] as Uint8Array).toString('latin1')).not.toMatch(
      /confidential|horse|decaf/,
    );
    const otherKey = masterKeyOf(randomBytes(32));
    await expect(createCassandraCredentialStore({ database, masterKey: otherKey, clock })).rejects.toThrow(
      /sealed with another master key/,
    );
    const both = await createCassandraCredentialStore({
      database,
      masterKey: otherKey,
      formerKeys: [masterKey],
      clock,
    });
    expect(await both.reseal()).toBe(1);
    const alone = await createCassandraCredentialStore({ database, masterKey: otherKey, clock });
    expect(await alone.get('v1')).toMatchObject({ plaintextPassword: 'correct horse' });
    // And back, for the tests that follow.
    const again = await createCassandraCredentialStore({
      database,
      masterKey,
      formerKeys: [otherKey],
      clock,
    });
    await again.reseal();
  });
});

describe('a copy of credentials', () => {
  it('goes from Cassandra into a file and from there into another keyspace, sealed as it was', async () => {
    const store = await emptyCredentials();
    await Promise.all(Array.from({ length: 600 }, (_, n) => store.put(`v${n}`, credentialOf(`u${n}`))));
    await store.advanceSequence('v7', undefined, 2 ** 47 + 1);
    await store.retire('v8');
    const folder = await mkdtemp(path.join(tmpdir(), 'copy-credentials-'));
    const file = await openSqliteDatabase({
      file: path.join(folder, 'credentials.sqlite'),
      clock: systemClock,
    });
    try {
      const [there, backup] = [await openOn(newKeyspace()), await openSqliteSealedRecords(file)];
      const records = openCassandraSealedRecords(there);
      const whole = { credentials: 600, retired: 1, sequences: 1, keys: expect.any(Number) };
      expect(await copyCredentials(openCassandraSealedRecords(database), backup)).toMatchObject(whole);
      expect(await copyCredentials(backup, records)).toMatchObject(whole);
      const copy = await createCassandraCredentialStore({ database: there, masterKey, clock });
      for (const n of [0, 499, 599]) expect(await copy.get(`v${n}`)).toEqual(credentialOf(`u${n}`));
      await copy.advanceSequence('v7', 2 ** 47 + 1, 2 ** 47 + 33);
      expect(await copyCredentials(backup, records)).toMatchObject(whole);
      expect(await copy.sequence('v7')).toBe(2 ** 47 + 33);
    } finally {
      await file.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe('the schema', () => {
  it('is made once by nodes that start at the same moment, and each of them serves', async () => {
    const keyspace = newKeyspace();
    const nodes = await Promise.all(Array.from({ length: 4 }, () => openOn(keyspace)));
    const [first, second] = nodes;
    const done = await first!.read(`SELECT id FROM ${keyspace}.schema_steps`, []);
    expect(done.map(({ id }) => id).sort()).toEqual(STEPS.map(({ id }) => id));
    const table = await createCassandraTableStore<TableRow>({ database: first!, name: 'rows' });
    await table.apply([{ key: 'a', row: row(1), position: at(1) }]);
    const other = await createCassandraTableStore<TableRow>({ database: second!, name: 'rows' });
    expect(await other.get('a')).toEqual(row(1));
  });

  it('waits for a node that is at it', async () => {
    const keyspace = newKeyspace();
    const first = await openOn(keyspace);
    await first.write(
      `INSERT INTO ${keyspace}.schema_lock (name, owner) VALUES ('schema', 'dead') USING TTL 2`,
      [],
    );
    await first.write(`DELETE FROM ${keyspace}.schema_steps WHERE id = 2`, []);
    const startMs = systemClock.monotonicMs();
    await openOn(keyspace);
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThan(500);
    expect(await first.read(`SELECT id FROM ${keyspace}.schema_steps`, [])).toHaveLength(STEPS.length);
  });
});

describe('a cluster that does not answer', () => {
  it('is an error in time, never absence; and goes on when it is back', async () => {
    const impatient = await openOn(database.keyspace, { timeoutMs: 1_000 });
    const table = await createCassandraTableStore<TableRow>({ database: impatient, name: 'hung' });
    await table.apply([{ key: 'a', row: row(1), position: at(1) }]);
    await engine.signal(0, 'SIGSTOP');
    try {
      const startMs = systemClock.monotonicMs();
      await expect(table.get('a')).rejects.toBeInstanceOf(StoreUnavailable);
      await expect(table.getMany(['a', 'b'])).rejects.toBeInstanceOf(StoreUnavailable);
      await expect(table.apply([], at(9))).rejects.toBeInstanceOf(StoreUnavailable);
      expect(systemClock.monotonicMs() - startMs).toBeLessThan(5_000);
    } finally {
      await engine.signal(0, 'SIGCONT');
    }
    for (let attempt = 0; ; attempt += 1) {
      const found = await table.get('a').catch((error: unknown) => error);
      if (!(found instanceof StoreUnavailable) || attempt === 30) {
        expect(found).toEqual(row(1));
        break;
      }
      await new Promise<void>((resolve) => void systemClock.after(500, resolve));
    }
  });

  it('stops the start', async () => {
    const nobody = openOn('nobody', { contactPoints: ['127.0.0.1:1'] });
    await expect(nobody).rejects.toBeInstanceOf(StoreUnavailable);
  });
});
