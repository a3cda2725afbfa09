// TableStore in SQLite: rows in the worker's file, the ones in use also decoded in this thread.
// Port: table-store.port.ts. Written by projections and handlers; the log's order decides in SQL.
import { LRUCache } from 'lru-cache';
import { type Checkpoint, comparePositions, type Position } from '#libs/decider';
import type { Codec } from '../../key-value-store.port.js';
import type { RowChange, TableStore } from '../../table-store.port.js';
import { jsonCodec } from './json-codec.js';
import { keyFault, limitFault, prefixEnd } from './row-keys.js';
import type { SqliteDatabase } from './sqlite-database.js';
import type { SqlRow, SqlWrite } from './sqlite-protocol.js';

/** Rows (and known absences) kept decoded; beyond it the least recently used is read from the file again. */
export const TABLE_CACHE_ROWS_MAX = 50_000;

export type SqliteTableOptions<R> = Readonly<{
  database: SqliteDatabase;
  name: string;
  /** JSON unless given. What it does not keep is lost when the row leaves the cache. */
  codec?: Codec<R>;
  cacheRowsMax?: number;
}>;

/** `row` undefined: known to be absent; a position as well when it was deleted. */
type Slot<R> = Readonly<{ row: R | undefined; position: Position | undefined }>;

const ABSENT = { row: undefined, position: undefined };

const CREATE_CHECKPOINTS = `CREATE TABLE IF NOT EXISTS checkpoints (
  view TEXT PRIMARY KEY, generation INTEGER NOT NULL, log_partition INTEGER NOT NULL, log_offset INTEGER NOT NULL) STRICT`;

/** A deleted row keeps its position with no content, so that an older write coming late stays without effect. */
const statementsFor = (table: string) => ({
  create: `CREATE TABLE IF NOT EXISTS ${table} (
    key TEXT PRIMARY KEY, row TEXT,
    generation INTEGER NOT NULL, log_partition INTEGER NOT NULL, log_offset INTEGER NOT NULL) STRICT`,
  get: `SELECT row, generation, log_partition, log_offset FROM ${table} WHERE key = ?`,
  put: `INSERT INTO ${table} (key, row, generation, log_partition, log_offset) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET row = excluded.row, generation = excluded.generation,
      log_partition = excluded.log_partition, log_offset = excluded.log_offset
    WHERE (excluded.generation, excluded.log_offset) > (generation, log_offset)`,
  clear: `DELETE FROM ${table}`,
});

/** Beside the checkpoint of a log with partitions: how far each was read. A table of its own, so that older files need no change. */
const CREATE_CURSORS = `CREATE TABLE IF NOT EXISTS checkpoint_cursors (
  view TEXT PRIMARY KEY, generation INTEGER NOT NULL, log_offset INTEGER NOT NULL, cursors TEXT NOT NULL) STRICT`;

const SELECT_CHECKPOINT = `SELECT generation, log_partition, log_offset, cursors
  FROM checkpoints LEFT JOIN checkpoint_cursors USING (view, generation, log_offset) WHERE view = ?`;
const PUT_CHECKPOINT = `INSERT INTO checkpoints (view, generation, log_partition, log_offset) VALUES (?, ?, ?, ?)
  ON CONFLICT (view) DO UPDATE SET generation = excluded.generation,
    log_partition = excluded.log_partition, log_offset = excluded.log_offset
  WHERE (excluded.generation, excluded.log_offset) > (generation, log_offset)`;
const PUT_CURSORS = `INSERT INTO checkpoint_cursors (view, generation, log_offset, cursors) VALUES (?, ?, ?, ?)
  ON CONFLICT (view) DO UPDATE SET generation = excluded.generation, log_offset = excluded.log_offset,
    cursors = excluded.cursors
  WHERE (excluded.generation, excluded.log_offset) > (generation, log_offset)`;
const DELETE_CURSORS = 'DELETE FROM checkpoint_cursors WHERE view = ?';
const DELETE_CHECKPOINT = 'DELETE FROM checkpoints WHERE view = ?';

export const createSqliteTableStore = async <R>(options: SqliteTableOptions<R>): Promise<TableStore<R>> => {
  const { database, name } = options;
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new RangeError(`${name} is not a table's name`);
  const sql = statementsFor(`"view:${name}"`);
  await database.write([{ sql: CREATE_CHECKPOINTS, sets: [[]] }], () => undefined);
  await database.write([{ sql: CREATE_CURSORS, sets: [[]] }], () => undefined);
  await database.write([{ sql: sql.create, sets: [[]] }], () => undefined);
  return new SqliteTableStore(options, sql);
};

class SqliteTableStore<R> implements TableStore<R> {
  readonly #cache: LRUCache<string, Slot<R>>;
  /** Reads under way: a crowd that misses the same row asks the worker once. */
  readonly #loading = new Map<string, Promise<R | undefined>>();
  readonly #codec: Codec<R>;
  readonly #database: SqliteDatabase;
  readonly #name: string;

  constructor(
    { database, name, codec = jsonCodec(), cacheRowsMax = TABLE_CACHE_ROWS_MAX }: SqliteTableOptions<R>,
    private readonly sql: ReturnType<typeof statementsFor>,
  ) {
    this.#cache = new LRUCache({ max: cacheRowsMax });
    this.#codec = codec;
    this.#database = database;
    this.#name = name;
    // A write under way when the worker died may have happened: what was cached could be behind it.
    database.onLost(() => this.#cache.clear());
  }

  get(key: string): Promise<R | undefined> {
    const cached = this.#cache.get(key);
    if (cached !== undefined) return Promise.resolve(cached.row);
    if (!key.isWellFormed()) return Promise.resolve(undefined);
    const loading = this.#loading.get(key);
    if (loading !== undefined) return loading;
    const load = this.#load(key).finally(() => this.#loading.delete(key));
    this.#loading.set(key, load);
    return load;
  }

  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, R>> {
    const found = new Map<string, R>();
    const take = async (key: string) => {
      const row = await this.get(key);
      if (row !== undefined) found.set(key, row);
    };
    await Promise.all(keys.map(take));
    return found;
  }

  async apply(changes: readonly RowChange<R>[], checkpoint?: Checkpoint): Promise<void> {
    for (const { key } of changes) {
      const refused = keyFault(this.#name, key);
      if (refused) throw refused;
    }
    const sets = changes.map(({ key, row, position }): SqlRow => {
      const text = row === undefined ? null : this.#codec.encode(row);
      return [key, text, position.generation, position.partition, position.offset];
    });
    const statements = sets.length > 0 ? [{ sql: this.sql.put, sets }] : [];
    if (checkpoint) {
      const { generation, partition, offset, cursors } = checkpoint;
      statements.push({ sql: PUT_CHECKPOINT, sets: [[this.#name, generation, partition, offset]] });
      if (cursors)
        statements.push({
          sql: PUT_CURSORS,
          sets: [[this.#name, generation, offset, JSON.stringify(cursors)]],
        });
    }
    if (statements.length === 0) return;
    await this.#database.write(statements, (changed) => this.#remember(changes, changed));
  }

  checkpoint(): Promise<Checkpoint | undefined> {
    return this.#database.read(SELECT_CHECKPOINT, [this.#name], ([row]) => row && checkpointIn(row));
  }

  async scan(options: { after?: string; prefix?: string; limit: number }) {
    const { after, prefix = '', limit } = options;
    const refused = limitFault(this.#name, limit);
    if (refused) throw refused;
    const end = prefixEnd(prefix);
    const bounds: readonly (readonly [string, string | undefined])[] = [
      ['key >= ?', prefix],
      ['key < ?', end],
      ['key > ?', after],
    ];
    const given = bounds.filter((bound): bound is readonly [string, string] => bound[1] !== undefined);
    const sql = `SELECT key, row FROM "view:${this.#name}" WHERE row IS NOT NULL
      AND ${given.map(([condition]) => condition).join(' AND ')} ORDER BY key LIMIT ?`;
    const params = [...given.map(([, value]) => value), limit];
    return this.#database.read(sql, params, (rows) =>
      rows.map(([key, row]) => [String(key), this.#codec.decode(String(row))] as const),
    );
  }

  async clear(): Promise<void> {
    const statements = [
      { sql: this.sql.clear, sets: [[]] },
      { sql: DELETE_CHECKPOINT, sets: [[this.#name]] },
      { sql: DELETE_CURSORS, sets: [[this.#name]] },
    ];
    await this.#database.write(statements, () => this.#cache.clear());
  }

  #load(key: string): Promise<R | undefined> {
    return this.#database.read(this.sql.get, [key], ([found]) => {
      const slot: Slot<R> = found ? this.#slotIn(found) : ABSENT;
      const cached = this.#cache.peek(key);
      if (cached !== undefined && !isNewer(slot, cached)) return cached.row;
      this.#cache.set(key, slot);
      return slot.row;
    });
  }

  #slotIn([row, ...position]: SqlRow): Slot<R> {
    return {
      row: typeof row === 'string' ? this.#codec.decode(row) : undefined,
      position: positionIn(position),
    };
  }

  /** SQL judged each change by the row's position: only those that it took are what the row now is. */
  #remember(changes: readonly RowChange<R>[], [taken = []]: SqlWrite): void {
    changes.forEach(({ key, row, position }, at) => {
      if (taken[at] === 1) this.#cache.set(key, { row, position });
    });
  }
}

const positionIn = ([generation, partition, offset]: SqlRow): Position => ({
  generation: Number(generation),
  partition: Number(partition),
  offset: Number(offset),
});

const checkpointIn = ([generation, partition, offset, cursors]: SqlRow): Checkpoint => ({
  ...positionIn([generation, partition, offset] as SqlRow),
  ...(typeof cursors === 'string' ? { cursors: JSON.parse(cursors) as Record<string, number> } : {}),
});

const isNewer = <R>(slot: Slot<R>, than: Slot<R>): boolean =>
  slot.position !== undefined &&
  (than.position === undefined || comparePositions(slot.position, than.position) > 0);
