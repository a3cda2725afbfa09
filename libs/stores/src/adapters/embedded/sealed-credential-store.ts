// CredentialStore in SQLite, every value sealed with the master key: the file and its backups hold no secret to read.
// Port: credential-store.port.ts; architecture.md §2, "No secret is ever in an event". Homestead reads, provisioning writes.
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#libs/runtime';
import type { Credential, CredentialStore } from '../../credential-store.port.js';
import { CredentialSealer, type SealedValue, type SealingKeys } from './credential-sealer.js';
import { otherContent } from './memory-credential-store.js';
import type { SqliteDatabase } from './sqlite-database.js';
import type { SqlRow, SqlValue } from './sqlite-protocol.js';

/** Credentials kept open in memory; beyond it the least recently used is read and opened again. */
export const CREDENTIAL_CACHE_MAX = 50_000;
const PAGE_ROWS = 500;

export type SealedCredentialOptions = SealingKeys &
  Readonly<{
    database: SqliteDatabase;
    clock: Clock;
    cacheMax?: number;
  }>;

export type SealedCredentialStore = CredentialStore &
  Readonly<{
    /** Seals with the present key what former keys sealed, and forgets those keys. Resolves with how many values. */
    reseal(): Promise<number>;
  }>;

export const CREATE_KEYS =
  'CREATE TABLE IF NOT EXISTS credential_keys (key_id TEXT PRIMARY KEY, check_value BLOB NOT NULL) STRICT';
export const CREATE_CREDENTIALS = `CREATE TABLE IF NOT EXISTS credentials (
  version_id TEXT PRIMARY KEY, key_id TEXT NOT NULL, sealed BLOB NOT NULL, written_at_ms INTEGER NOT NULL) STRICT`;
export const CREATE_SEQUENCES = `CREATE TABLE IF NOT EXISTS credential_sequences (
  version_id TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT`;
export const CREATE_RETIREMENTS = `CREATE TABLE IF NOT EXISTS credential_retirements (
  version_id TEXT PRIMARY KEY, retired_at_ms INTEGER NOT NULL) STRICT`;
const PUT_KEY = 'INSERT INTO credential_keys (key_id, check_value) VALUES (?, ?) ON CONFLICT DO NOTHING';
const FORGET_KEYS = `DELETE FROM credential_keys WHERE key_id <> ?
  AND key_id NOT IN (SELECT key_id FROM credentials)`;
const PUT = `INSERT INTO credentials (version_id, key_id, sealed, written_at_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const GET = 'SELECT key_id, sealed FROM credentials WHERE version_id = ?';
const pagesOf = (table: string, timeColumn: string): Readonly<{ first: string; next: string }> => ({
  first: `SELECT version_id, ${timeColumn} FROM ${table} ORDER BY version_id LIMIT ${PAGE_ROWS}`,
  next: `SELECT version_id, ${timeColumn} FROM ${table} WHERE version_id > ? ORDER BY version_id LIMIT ${PAGE_ROWS}`,
});
const WRITTEN = pagesOf('credentials', 'written_at_ms');
const RETIRED = pagesOf('credential_retirements', 'retired_at_ms');
const RETIRE = `INSERT INTO credential_retirements (version_id, retired_at_ms) VALUES (?, ?)
  ON CONFLICT DO UPDATE SET retired_at_ms = excluded.retired_at_ms`;
const REMOVE_RETIREMENT = 'DELETE FROM credential_retirements WHERE version_id = ?';
const REMOVE = 'DELETE FROM credentials WHERE version_id = ?';
const SEQUENCE = 'SELECT number FROM credential_sequences WHERE version_id = ?';
const BEGIN_SEQUENCE = `INSERT INTO credential_sequences (version_id, number) VALUES (?, ?) ON CONFLICT DO NOTHING`;
const ADVANCE_SEQUENCE = 'UPDATE credential_sequences SET number = ? WHERE version_id = ? AND number = ?';
const REMOVE_SEQUENCE = 'DELETE FROM credential_sequences WHERE version_id = ?';
const OTHERS = `SELECT version_id, key_id, sealed FROM credentials WHERE key_id <> ? LIMIT ${PAGE_ROWS}`;
const RESEAL = 'UPDATE credentials SET key_id = ?, sealed = ? WHERE version_id = ?';

/** Rejects at start, naming the keys, when the file was sealed with a key that is not given. */
export const createSealedCredentialStore = async (
  options: SealedCredentialOptions,
): Promise<SealedCredentialStore> => {
  const { database } = options;
  const sealer = new CredentialSealer(options);
  await database.write([{ sql: CREATE_KEYS, sets: [[]] }], () => undefined);
  await database.write([{ sql: CREATE_CREDENTIALS, sets: [[]] }], () => undefined);
  await database.write([{ sql: CREATE_SEQUENCES, sets: [[]] }], () => undefined);
  await database.write([{ sql: CREATE_RETIREMENTS, sets: [[]] }], () => undefined);
  const used = await database.read('SELECT key_id, check_value FROM credential_keys', [], (rows) => rows);
  for (const row of used) sealer.verify(sealedIn(row));
  const check = sealer.checkValue();
  await database.write([{ sql: PUT_KEY, sets: [[check.keyId, check.sealed]] }], () => undefined);
  return new SealedStore(options, sealer);
};

class SealedStore implements SealedCredentialStore {
  readonly #database: SqliteDatabase;
  readonly #clock: Clock;
  readonly #opened: LRUCache<string, Credential>;

  constructor(
    { database, clock, cacheMax = CREDENTIAL_CACHE_MAX }: SealedCredentialOptions,
    private readonly sealer: CredentialSealer,
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#opened = new LRUCache({ max: cacheMax });
    // A removal under way when the worker died may have happened.
    database.onLost(() => this.#opened.clear());
  }

  async put(versionId: string, credential: Credential): Promise<void> {
    if (!versionId.isWellFormed()) throw new RangeError('a credential version is not well-formed Unicode');
    const { keyId, sealed } = this.sealer.seal(versionId, credential);
    const row = [versionId, keyId, sealed, this.#clock.nowMs()];
    const isNew = await this.#database.write([{ sql: PUT, sets: [row] }], ([changed]) => {
      if (changed?.[0] === 1) this.#opened.set(versionId, credential);
      return changed?.[0] === 1;
    });
    if (!isNew && !isDeepStrictEqual(await this.get(versionId), credential)) throw otherContent(versionId);
  }

  get(versionId: string): Promise<Credential | undefined> {
    const opened = this.#opened.get(versionId);
    if (opened !== undefined) return Promise.resolve(opened);
    if (!versionId.isWellFormed()) return Promise.resolve(undefined);
    return this.#database.read(GET, [versionId], ([row]) => {
      if (!row) return undefined;
      const credential = this.sealer.open(versionId, sealedIn(row));
      this.#opened.set(versionId, credential);
      return credential;
    });
  }

  sequence(versionId: string): Promise<number | undefined> {
    return this.#database.read(SEQUENCE, [versionId], ([row]) => (row ? Number(row[0]) : undefined));
  }

  advanceSequence(versionId: string, from: number | undefined, to: number): Promise<boolean> {
    const statement =
      from === undefined
        ? { sql: BEGIN_SEQUENCE, sets: [[versionId, to]] }
        : { sql: ADVANCE_SEQUENCE, sets: [[to, versionId, from]] };
    return this.#database.write([statement], ([changed]) => changed?.[0] === 1);
  }

  async *versions(): AsyncGenerator<Readonly<{ versionId: string; writtenAtMs: number }>> {
    for await (const [versionId, writtenAtMs] of this.#pages(WRITTEN)) yield { versionId, writtenAtMs };
  }

  retire(versionId: string): Promise<void> {
    return this.#database.write([{ sql: RETIRE, sets: [[versionId, this.#clock.nowMs()]] }], () => undefined);
  }

  async *retired(): AsyncGenerator<Readonly<{ versionId: string; retiredAtMs: number }>> {
    for await (const [versionId, retiredAtMs] of this.#pages(RETIRED)) yield { versionId, retiredAtMs };
  }

  remove(versionId: string): Promise<void> {
    const statements = [REMOVE, REMOVE_SEQUENCE, REMOVE_RETIREMENT].map((sql) => ({
      sql,
      sets: [[versionId]],
    }));
    return this.#database.write(statements, () => {
      this.#opened.delete(versionId);
    });
  }

  async reseal(): Promise<number> {
    let resealed = 0;
    for (;;) {
      const sets = await this.#database.read(OTHERS, [this.sealer.keyId], (rows) =>
        rows.map(([versionId, ...row]): SqlRow => {
          const id = String(versionId);
          const { keyId, sealed } = this.sealer.reseal(id, sealedIn(row));
          return [keyId, sealed, id];
        }),
      );
      if (sets.length === 0) break;
      await this.#database.write([{ sql: RESEAL, sets }], () => undefined);
      resealed += sets.length;
    }
    await this.#database.write([{ sql: FORGET_KEYS, sets: [[this.sealer.keyId]] }], () => undefined);
    return resealed;
  }

  async *#pages({
    first,
    next,
  }: typeof WRITTEN): AsyncGenerator<readonly [versionId: string, timeMs: number]> {
    let page = await this.#database.read(first, [], timesIn);
    for (;;) {
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < PAGE_ROWS) return;
      page = await this.#database.read(next, [last[0]], timesIn);
    }
  }
}

const sealedIn = ([keyId, sealed]: SqlRow): SealedValue => ({
  keyId: String(keyId),
  sealed: bytesIn(sealed),
});

const timesIn = (rows: readonly SqlRow[]) =>
  rows.map(([versionId, timeMs]) => [String(versionId), Number(timeMs)] as const);

const bytesIn = (value: SqlValue | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array();
