// The schema in Cassandra, in steps that are done once each, also when several nodes start at the same moment.
// A step is never edited once released. Run by openCassandra.
import { createHash } from 'node:crypto';
import type { Clock, Random } from '#libs/runtime';
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { CassandraDatabase } from './cassandra-database.port.js';

/** Who changes the schema holds this lock; it goes by itself when its holder has died. Every statement may be done twice. */
const LOCK_TTL_S = 60;
const LOCK_TRIES_MAX = 600;
const LOCK_WAIT_MS = 200;

type Step = Readonly<{ id: number; name: string; statements: (keyspace: string) => readonly string[] }>;

/** The id is given, so that two nodes that make the table at the same moment make the same one. All else is made under the lock. */
const makeLock = (keyspace: string): string => {
  const digest = createHash('sha256').update(`${keyspace}.schema_lock`).digest('hex');
  const id = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
  return `CREATE TABLE IF NOT EXISTS ${keyspace}.schema_lock (name text PRIMARY KEY, owner text) WITH ID = ${id}`;
};

const makeSteps = (keyspace: string): string =>
  `CREATE TABLE IF NOT EXISTS ${keyspace}.schema_steps (id int PRIMARY KEY, name text, done_at_ms bigint)`;

export const STEPS: readonly Step[] = [
  {
    id: 1,
    name: 'rows of views, in buckets: no partition holds a whole view',
    statements: (keyspace) => [
      `CREATE TABLE IF NOT EXISTS ${keyspace}.views (view_name text PRIMARY KEY, epoch int, buckets int)`,
      `CREATE TABLE IF NOT EXISTS ${keyspace}.view_checkpoints (view_name text, epoch int, generation int, log_partition int,
        log_offset bigint, cursors text, PRIMARY KEY ((view_name, epoch)))`,
      `CREATE TABLE IF NOT EXISTS ${keyspace}.view_rows (view_name text, epoch int, bucket int, key text, row text,
        generation int, log_partition int, log_offset bigint, PRIMARY KEY ((view_name, epoch, bucket), key))`,
    ],
  },
  {
    id: 2,
    name: 'credentials, sealed',
    statements: (keyspace) => [
      `CREATE TABLE IF NOT EXISTS ${keyspace}.credentials (version_id text PRIMARY KEY, key_id text, sealed blob,
        written_at_ms bigint)`,
      `CREATE TABLE IF NOT EXISTS ${keyspace}.credential_keys (key_id text PRIMARY KEY, check_value blob)`,
    ],
  },
  {
    id: 3,
    name: 'sequence numbers of SIMs',
    statements: (keyspace) => [
      `CREATE TABLE IF NOT EXISTS ${keyspace}.credential_sequences (version_id text PRIMARY KEY, number bigint)`,
    ],
  },
  {
    id: 4,
    name: 'when credentials were retired',
    statements: (keyspace) => [
      `CREATE TABLE IF NOT EXISTS ${keyspace}.credential_retirements (version_id text PRIMARY KEY, retired_at_ms bigint)`,
    ],
  },
];

export type MigrateOptions = Readonly<{
  database: CassandraDatabase;
  /** Runs one change of the schema, until all nodes know of it. */
  change: (cql: string) => Promise<void>;
  replication: Readonly<Record<string, number>>;
  clock: Clock;
  random: Random;
}>;

/** Does the steps that were not done yet. Rejects with StoreUnavailable when the lock cannot be had. */
export const migrate = async (options: MigrateOptions): Promise<void> => {
  const { database, change } = options;
  const { keyspace } = database;
  if ((await missing(database).catch(() => STEPS)).length === 0) return;
  await makeKeyspace(options);
  await change(makeLock(keyspace));
  await holdingLock(options, async () => {
    await change(makeSteps(keyspace));
    for (const { id, name, statements } of await missing(database)) {
      for (const statement of statements(keyspace)) await change(statement);
      await database.write(`INSERT INTO ${keyspace}.schema_steps (id, name, done_at_ms) VALUES (?, ?, ?)`, [
        id,
        name,
        BigInt(Math.trunc(options.clock.nowMs())),
      ]);
    }
  });
};

const missing = async (database: CassandraDatabase): Promise<readonly Step[]> => {
  const rows = await database.read(`SELECT id FROM ${database.keyspace}.schema_steps`, []);
  const done = new Set(rows.map(({ id }) => id));
  return STEPS.filter(({ id }) => !done.has(id));
};

const makeKeyspace = async ({ database, change, replication }: MigrateOptions): Promise<void> => {
  const copies = Object.entries(replication).map(([dataCenter, count]) => {
    if (!/^[\w.-]+$/.test(dataCenter) || !Number.isInteger(count) || count < 1)
      throw new RangeError(`${dataCenter}:${count} is no data centre with its number of replicas`);
    return `'${dataCenter}': ${count}`;
  });
  await change(
    `CREATE KEYSPACE IF NOT EXISTS ${database.keyspace}
      WITH replication = {'class': 'NetworkTopologyStrategy', ${copies.join(', ')}}`,
  );
};

const holdingLock = async (
  { database, clock, random }: MigrateOptions,
  run: () => Promise<void>,
): Promise<void> => {
  const lock = `${database.keyspace}.schema_lock`;
  const owner = random.token(20);
  const take = `INSERT INTO ${lock} (name, owner) VALUES ('schema', ?) IF NOT EXISTS USING TTL ${LOCK_TTL_S}`;
  for (let attempt = 1; ; attempt += 1) {
    if ((await database.decide(take, [owner])).applied) break;
    if (attempt === LOCK_TRIES_MAX)
      throw new StoreUnavailable('Cassandra: the schema is locked by another node');
    await new Promise<void>((resolve) => void clock.after(LOCK_WAIT_MS, resolve));
  }
  try {
    await run();
  } finally {
    await database.decide(`DELETE FROM ${lock} WHERE name = 'schema' IF owner = ?`, [owner]);
  }
};
