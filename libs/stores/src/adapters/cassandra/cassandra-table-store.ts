// TableStore in Cassandra: rows of a view spread over buckets, written with the log's position as their timestamp.
// Port: table-store.port.ts. Nothing is cached: other processes write too.
import { type Checkpoint, comparePositions, type Position } from '#libs/decider';
import { stableHash } from '../../stable-hash.js';
import type { Codec } from '../../key-value-store.port.js';
import type { RowChange, TableStore } from '../../table-store.port.js';
import { jsonCodec } from '../embedded/json-codec.js';
import { compareKeys, keyFault, limitFault, prefixEnd } from '../embedded/row-keys.js';
import type { CassandraDatabase, CqlRow, CqlValue } from './cassandra-database.port.js';

/** Partitions of a view that is made now; a view keeps the number it was made with. Some 40,000 rows each at a million subscribers. */
export const BUCKETS = 128;
/** Statements on their way for one call. */
const IN_PARALLEL_MAX = 64;
/** A deleted row keeps its position so long: an older write that comes later still is repaired by a rebuild only. */
const TOMBSTONE_TTL_S = 30 * 86_400;
/** Cassandra takes 64 KiB; no key of ours is near. */
const KEY_BYTES_MAX = 4_096;
/** Timestamps are 63 bits, offsets 53. */
const GENERATION_MAX = 1_023;
const ABOVE_ALL_TIMESTAMPS = 2n ** 63n - 1n;

export type CassandraTableOptions<R> = Readonly<{
  database: CassandraDatabase;
  name: string;
  /** JSON unless given. */
  codec?: Codec<R>;
  buckets?: number;
  /**
   * Keys that are scanned together: the prefix that they share, undefined for others. They lie in one bucket, and a scan of that prefix reads
   * it alone. Another grouping is another place for rows: raise the view's version with it.
   */
  groupOf?: (key: string) => string | undefined;
}>;

const timestampOf = ({ generation, offset }: Position): bigint => {
  if (generation < 0 || generation > GENERATION_MAX)
    throw new RangeError(`generation ${generation} does not fit into a timestamp`);
  return (BigInt(generation) << 53n) + BigInt(offset);
};

const statementsFor = (keyspace: string) => {
  const at = 'view_name = ? AND epoch = ? AND bucket = ?';
  const scan = (lower: string, upper: string) =>
    `SELECT key, row FROM ${keyspace}.view_rows WHERE ${at} AND key ${lower} ? ${upper} LIMIT ?`;
  return {
    make: `INSERT INTO ${keyspace}.views (view_name, epoch, buckets) VALUES (?, 1, ?) IF NOT EXISTS`,
    head: `SELECT epoch, buckets FROM ${keyspace}.views WHERE view_name = ?`,
    raise: `UPDATE ${keyspace}.views SET epoch = ? WHERE view_name = ? IF epoch = ?`,
    get: `SELECT row FROM ${keyspace}.view_rows WHERE ${at} AND key = ?`,
    position: `SELECT generation, log_partition, log_offset FROM ${keyspace}.view_rows WHERE ${at} AND key = ?`,
    put: `INSERT INTO ${keyspace}.view_rows (view_name, epoch, bucket, key, row, generation, log_partition, log_offset)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?`,
    empty: `DELETE FROM ${keyspace}.view_rows USING TIMESTAMP ? WHERE ${at}`,
    checkpoint: `SELECT generation, log_partition, log_offset, cursors FROM ${keyspace}.view_checkpoints
      WHERE view_name = ? AND epoch = ?`,
    putCheckpoint: `INSERT INTO ${keyspace}.view_checkpoints (view_name, epoch, generation, log_partition, log_offset, cursors)
      VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`,
    dropCheckpoint: `DELETE FROM ${keyspace}.view_checkpoints USING TIMESTAMP ? WHERE view_name = ? AND epoch = ?`,
    scan: {
      from: scan('>=', ''),
      after: scan('>', ''),
      fromTo: scan('>=', 'AND key < ?'),
      afterTo: scan('>', 'AND key < ?'),
    },
  };
};

/** Opens a view's rows; makes them when they are not there. */
export const createCassandraTableStore = async <R>(
  options: CassandraTableOptions<R>,
): Promise<TableStore<R>> => {
  const { database, name, buckets = BUCKETS } = options;
  const sql = statementsFor(database.keyspace);
  await database.decide(sql.make, [name, buckets]);
  const [head] = await database.readDecided(sql.head, [name]);
  return new CassandraTableStore(options, sql, {
    epoch: Number(head?.['epoch']),
    buckets: Number(head?.['buckets']),
  });
};

type Head = Readonly<{ epoch: number; buckets: number }>;
type Row<R> = readonly [string, R | undefined];
/** What of one bucket a scan has read: it goes on after `last`, or has all. */
type Read<R> = { rows: Row<R>[]; last: string | undefined; isDone: boolean };

class CassandraTableStore<R> implements TableStore<R> {
  readonly #database: CassandraDatabase;
  readonly #name: string;
  readonly #codec: Codec<R>;
  readonly #groupOf: (key: string) => string | undefined;

  constructor(
    { database, name, codec = jsonCodec(), groupOf = () => undefined }: CassandraTableOptions<R>,
    private readonly sql: ReturnType<typeof statementsFor>,
    private head: Head,
  ) {
    this.#database = database;
    this.#name = name;
    this.#codec = codec;
    this.#groupOf = groupOf;
  }

  async get(key: string): Promise<R | undefined> {
    if (faultOf(this.#name, key)) return undefined;
    const [found] = await this.#database.read(this.sql.get, this.#placeOf(key));
    return found && this.#rowIn(found);
  }

  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, R>> {
    const found = new Map<string, R>();
    await inParallel([...new Set(keys)], async (key) => {
      const row = await this.get(key);
      if (row !== undefined) found.set(key, row);
    });
    return found;
  }

  /** Rows first, then the checkpoint: what a crash leaves out between them is folded again. */
  async apply(changes: readonly RowChange<R>[], checkpoint?: Checkpoint): Promise<void> {
    const newest = new Map<string, RowChange<R>>();
    for (const change of changes) {
      const fault = faultOf(this.#name, change.key);
      if (fault) throw fault;
      const held = newest.get(change.key);
      if (!held || comparePositions(change.position, held.position) > 0) newest.set(change.key, change);
    }
    await inParallel([...newest.values()], (change) => this.#put(change));
    if (!checkpoint) return;
    const { generation, partition, offset, cursors } = checkpoint;
    await this.#database.write(this.sql.putCheckpoint, [
      this.#name,
      this.head.epoch,
      generation,
      partition,
      BigInt(offset),
      cursors === undefined ? null : JSON.stringify(cursors),
      timestampOf(checkpoint),
    ]);
  }

  async checkpoint(): Promise<Checkpoint | undefined> {
    const [found] = await this.#database.read(this.sql.checkpoint, [this.#name, this.head.epoch]);
    const position = positionIn(found);
    const cursors = found?.['cursors'];
    if (position === undefined || typeof cursors !== 'string') return position;
    return { ...position, cursors: JSON.parse(cursors) as Record<string, number> };
  }

  async scan({ after, prefix = '', limit }: { after?: string; prefix?: string; limit: number }) {
    const fault = limitFault(this.#name, limit);
    if (fault) throw fault;
    const isAfter = after !== undefined && compareKeys(after, prefix) >= 0;
    const end = prefixEnd(prefix);
    const isGroup = this.#groupOf(prefix) === prefix;
    const buckets = isGroup
      ? [this.#bucketOf(prefix)]
      : Array.from({ length: this.head.buckets }, (_, at) => at);
    const reads = buckets.map((bucket) => {
      const read: Read<R> = { rows: [], last: isAfter ? after : undefined, isDone: false };
      return [bucket, read] as const;
    });
    // Somewhat more than a bucket's share, so that most are asked once.
    const share = isGroup ? limit : Math.min(limit, Math.ceil((1.5 * limit) / this.head.buckets) + 8);
    let behind = reads;
    for (;;) {
      await inParallel(behind, ([bucket, read]) => this.#readOn(bucket, read, prefix, end, share));
      const rows = reads
        .flatMap(([, read]) => read.rows)
        .filter((row): row is readonly [string, R] => row[1] !== undefined)
        .sort(([a], [b]) => compareKeys(a, b));
      const lastWanted = rows[limit - 1]?.[0];
      // A bucket that has not been read as far as the last row wanted may hold one before it.
      behind = reads.filter(
        ([, { isDone, last }]) =>
          !isDone && (lastWanted === undefined || last === undefined || compareKeys(last, lastWanted) < 0),
      );
      if (behind.length === 0) return rows.slice(0, limit);
    }
  }

  /** A new epoch, empty: who has opened the former one goes on reading that. The one before it is deleted. */
  async clear(): Promise<void> {
    const { epoch, buckets } = this.head;
    await this.#database.decide(this.sql.raise, [epoch + 1, this.#name, epoch]);
    const [head] = await this.#database.readDecided(this.sql.head, [this.#name]);
    this.head = { epoch: Number(head?.['epoch']), buckets };
    const former = this.head.epoch - 2;
    if (former < 1) return;
    const all = Array.from({ length: buckets }, (_, bucket) => bucket);
    await inParallel(all, (bucket) =>
      this.#database.write(this.sql.empty, [ABOVE_ALL_TIMESTAMPS, this.#name, former, bucket]),
    );
    await this.#database.write(this.sql.dropCheckpoint, [ABOVE_ALL_TIMESTAMPS, this.#name, former]);
  }

  /** Timestamps decide between writes that race; one at or below what is there is not even sent. */
  async #put({ key, row, position }: RowChange<R>): Promise<void> {
    const [found] = await this.#database.read(this.sql.position, this.#placeOf(key));
    const held = positionIn(found);
    if (held !== undefined && comparePositions(position, held) <= 0) return;
    const { generation, partition, offset } = position;
    await this.#database.write(this.sql.put, [
      ...this.#placeOf(key),
      row === undefined ? null : this.#codec.encode(row),
      generation,
      partition,
      BigInt(offset),
      timestampOf(position),
      row === undefined ? TOMBSTONE_TTL_S : 0,
    ]);
  }

  async #readOn(
    bucket: number,
    read: Read<R>,
    prefix: string,
    end: string | undefined,
    share: number,
  ): Promise<void> {
    const { from, after, fromTo, afterTo } = this.sql.scan;
    const { last } = read;
    const lower = last ?? prefix;
    const params = [this.#name, this.head.epoch, bucket, lower, ...(end === undefined ? [] : [end]), share];
    const sql =
      last === undefined ? (end === undefined ? from : fromTo) : end === undefined ? after : afterTo;
    const found = await this.#database.read(sql, params);
    for (const one of found) read.rows.push([String(one['key']), this.#rowIn(one)]);
    read.last = read.rows.at(-1)?.[0] ?? last;
    read.isDone = found.length < share;
  }

  #rowIn({ row }: CqlRow): R | undefined {
    return typeof row === 'string' ? this.#codec.decode(row) : undefined;
  }

  #placeOf(key: string): readonly CqlValue[] {
    return [this.#name, this.head.epoch, this.#bucketOf(this.#groupOf(key) ?? key), key];
  }

  #bucketOf(text: string): number {
    return stableHash(text) % this.head.buckets;
  }
}

const faultOf = (table: string, key: string): RangeError | undefined =>
  keyFault(table, key) ??
  (Buffer.byteLength(key) > KEY_BYTES_MAX
    ? new RangeError(`${table}: a key of more than ${KEY_BYTES_MAX} bytes`)
    : undefined);

const positionIn = (row: CqlRow | undefined): Position | undefined =>
  row === undefined || row['log_offset'] === null
    ? undefined
    : {
        generation: Number(row['generation']),
        partition: Number(row['log_partition']),
        offset: Number(row['log_offset']),
      };

/** Runs over all items, a bounded number at a time; rejects with the first fault, when none is on its way any more. */
const inParallel = async <T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> => {
  const rest = items.values();
  const work = async (): Promise<void> => {
    for (const item of rest) await run(item);
  };
  const workers = Array.from({ length: Math.min(IN_PARALLEL_MAX, items.length) }, work);
  const failed = (await Promise.allSettled(workers)).find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
};
