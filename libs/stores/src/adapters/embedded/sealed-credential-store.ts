// CredentialStore in SQLite, every value sealed with the master key: the file and its backups hold no secret to read.
// Port: credential-store.port.ts; architecture.md §2, "No secret is ever in an event". Homestead reads, provisioning writes.
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#libs/runtime';
import type { Credential, CredentialStore } from '../../credential-store.port.js';
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { MasterKey } from './master-key.js';
import { otherContent } from './memory-credential-store.js';
import { NONCE_BYTES, seal, unseal } from './seal.js';
import type { SqliteDatabase } from './sqlite-database.js';
import type { SqlRow, SqlValue } from './sqlite-protocol.js';

/** Credentials kept open in memory; beyond it the least recently used is read and opened again. */
export const CREDENTIAL_CACHE_MAX = 50_000;
const PAGE_ROWS = 500;

export type SealedCredentialOptions = Readonly<{
  database: SqliteDatabase;
  /** Seals what is written from now on. */
  masterKey: MasterKey;
  /** Keys used before, while values sealed with them remain. */
  formerKeys?: readonly MasterKey[];
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
const PUT_KEY = 'INSERT INTO credential_keys (key_id, check_value) VALUES (?, ?) ON CONFLICT DO NOTHING';
const FORGET_KEYS = `DELETE FROM credential_keys WHERE key_id <> ?
  AND key_id NOT IN (SELECT key_id FROM credentials)`;
const PUT = `INSERT INTO credentials (version_id, key_id, sealed, written_at_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const GET = 'SELECT key_id, sealed FROM credentials WHERE version_id = ?';
const PAGE = `SELECT version_id, written_at_ms FROM credentials WHERE version_id > ?
  ORDER BY version_id LIMIT ${PAGE_ROWS}`;
const FIRST_PAGE = `SELECT version_id, written_at_ms FROM credentials ORDER BY version_id LIMIT ${PAGE_ROWS}`;
const REMOVE = 'DELETE FROM credentials WHERE version_id = ?';
const OTHERS = `SELECT version_id, key_id, sealed FROM credentials WHERE key_id <> ? LIMIT ${PAGE_ROWS}`;
const RESEAL = 'UPDATE credentials SET key_id = ?, sealed = ? WHERE version_id = ?';

const CHECK_TEXT = 'clearwater';
const checkName = (keyId: string) => `key-check:${keyId}`;
const credentialName = (versionId: string) => `credential:${versionId}`;

/** Rejects at start, naming the keys, when the file was sealed with a key that is not given. */
export const createSealedCredentialStore = async (
  options: SealedCredentialOptions,
): Promise<SealedCredentialStore> => {
  const { database, masterKey, formerKeys = [] } = options;
  const keys = new Map([...formerKeys, masterKey].map((key) => [key.id, key]));
  await database.write([{ sql: CREATE_KEYS, sets: [[]] }], () => undefined);
  await database.write([{ sql: CREATE_CREDENTIALS, sets: [[]] }], () => undefined);
  const used = await database.read('SELECT key_id, check_value FROM credential_keys', [], (rows) => rows);
  for (const row of used) checkKeyGiven(row, keys);
  const check = seal(masterKey, checkName(masterKey.id), CHECK_TEXT, newNonce());
  await database.write([{ sql: PUT_KEY, sets: [[masterKey.id, check]] }], () => undefined);
  return new SealedStore(options, keys);
};

const checkKeyGiven = ([keyId, check]: SqlRow, keys: ReadonlyMap<string, MasterKey>): void => {
  const id = String(keyId);
  const key = keys.get(id);
  if (!key) {
    throw new Error(
      `The credential store was sealed with another master key: it needs key ${id}, MASTER_KEY_FILE holds ` +
        `${[...keys.keys()].join(', ')}. Put the right file back; credentials cannot be read without it.`,
    );
  }
  if (unseal(key, checkName(id), bytesIn(check)) !== CHECK_TEXT) {
    throw new Error(
      `The credential store's check value for master key ${id} is damaged: restore it from a backup.`,
    );
  }
};

class SealedStore implements SealedCredentialStore {
  readonly #database: SqliteDatabase;
  readonly #key: MasterKey;
  readonly #clock: Clock;
  readonly #opened: LRUCache<string, Credential>;

  constructor(
    { database, masterKey, clock, cacheMax = CREDENTIAL_CACHE_MAX }: SealedCredentialOptions,
    private readonly keys: ReadonlyMap<string, MasterKey>,
  ) {
    this.#database = database;
    this.#key = masterKey;
    this.#clock = clock;
    this.#opened = new LRUCache({ max: cacheMax });
    // A removal under way when the worker died may have happened.
    database.onLost(() => this.#opened.clear());
  }

  async put(versionId: string, credential: Credential): Promise<void> {
    if (!versionId.isWellFormed()) throw new RangeError('a credential version is not well-formed Unicode');
    const sealed = this.#seal(versionId, JSON.stringify(credential));
    const row = [versionId, this.#key.id, sealed, this.#clock.nowMs()];
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
      const credential = JSON.parse(this.#unseal(versionId, row)) as Credential;
      this.#opened.set(versionId, credential);
      return credential;
    });
  }

  async *versions(): AsyncGenerator<Readonly<{ versionId: string; writtenAtMs: number }>> {
    let page = await this.#database.read(FIRST_PAGE, [], versionsIn);
    for (;;) {
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < PAGE_ROWS) return;
      page = await this.#database.read(PAGE, [last.versionId], versionsIn);
    }
  }

  remove(versionId: string): Promise<void> {
    return this.#database.write([{ sql: REMOVE, sets: [[versionId]] }], () => {
      this.#opened.delete(versionId);
    });
  }

  async reseal(): Promise<number> {
    let resealed = 0;
    for (;;) {
      const sets = await this.#database.read(OTHERS, [this.#key.id], (rows) =>
        rows.map(([versionId, ...row]): SqlRow => {
          const id = String(versionId);
          return [this.#key.id, this.#seal(id, this.#unseal(id, row)), id];
        }),
      );
      if (sets.length === 0) break;
      await this.#database.write([{ sql: RESEAL, sets }], () => undefined);
      resealed += sets.length;
    }
    await this.#database.write([{ sql: FORGET_KEYS, sets: [[this.#key.id]] }], () => undefined);
    return resealed;
  }

  #seal(versionId: string, plain: string): Uint8Array {
    return seal(this.#key, credentialName(versionId), plain, newNonce());
  }

  /** Throws rather than return garbage: a value that does not open is a damaged store, never an absent user. */
  #unseal(versionId: string, [keyId, sealed]: SqlRow): string {
    const key = this.keys.get(String(keyId));
    const plain = key && unseal(key, credentialName(versionId), bytesIn(sealed));
    if (plain !== undefined) return plain;
    throw new StoreUnavailable(
      `credential version ${versionId} does not open: damaged, or not where it was written`,
    );
  }
}

/** Never from a simulation's seed: a nonce used twice under one key gives both values away. */
const newNonce = (): Uint8Array => randomBytes(NONCE_BYTES);

const versionsIn = (rows: readonly SqlRow[]) =>
  rows.map(([versionId, writtenAtMs]) => ({
    versionId: String(versionId),
    writtenAtMs: Number(writtenAtMs),
  }));

const bytesIn = (value: SqlValue | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array();
