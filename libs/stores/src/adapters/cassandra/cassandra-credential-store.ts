// CredentialStore in Cassandra: every value sealed with the master key before it leaves the process.
// Port: credential-store.port.ts; docs/architecture.md §2, "No secret is ever in an event". One version a partition.
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#libs/runtime';
import type { Credential } from '../../credential-store.port.js';
import { CredentialSealer, type SealedValue, type SealingKeys } from '../embedded/credential-sealer.js';
import { otherContent } from '../embedded/memory-credential-store.js';
import { CREDENTIAL_CACHE_MAX, type SealedCredentialStore } from '../embedded/sealed-credential-store.js';
import type { CassandraDatabase, CqlRow } from './cassandra-database.port.js';

const PAGE_ROWS = 500;

export type CassandraCredentialOptions = SealingKeys &
  Readonly<{
    database: CassandraDatabase;
    clock: Clock;
    cacheMax?: number;
  }>;

// All writes are lightweight transactions: mixed with plain ones their order would be two clocks' matter.
const statementsFor = (keyspace: string) => ({
  putKey: `INSERT INTO ${keyspace}.credential_keys (key_id, check_value) VALUES (?, ?) IF NOT EXISTS`,
  keys: `SELECT key_id, check_value FROM ${keyspace}.credential_keys`,
  forgetKey: `DELETE FROM ${keyspace}.credential_keys WHERE key_id = ? IF EXISTS`,
  put: `INSERT INTO ${keyspace}.credentials (version_id, key_id, sealed, written_at_ms) VALUES (?, ?, ?, ?) IF NOT EXISTS`,
  get: `SELECT key_id, sealed FROM ${keyspace}.credentials WHERE version_id = ?`,
  all: `SELECT version_id, key_id, sealed, written_at_ms FROM ${keyspace}.credentials`,
  remove: `DELETE FROM ${keyspace}.credentials WHERE version_id = ? IF EXISTS`,
  sequence: `SELECT number FROM ${keyspace}.credential_sequences WHERE version_id = ?`,
  beginSequence: `INSERT INTO ${keyspace}.credential_sequences (number, version_id) VALUES (?, ?) IF NOT EXISTS`,
  advanceSequence: `UPDATE ${keyspace}.credential_sequences SET number = ? WHERE version_id = ? IF number = ?`,
  removeSequence: `DELETE FROM ${keyspace}.credential_sequences WHERE version_id = ? IF EXISTS`,
  retire: `INSERT INTO ${keyspace}.credential_retirements (retired_at_ms, version_id) VALUES (?, ?) IF NOT EXISTS`,
  retireLater: `UPDATE ${keyspace}.credential_retirements SET retired_at_ms = ? WHERE version_id = ? IF EXISTS`,
  retired: `SELECT version_id, retired_at_ms FROM ${keyspace}.credential_retirements`,
  removeRetirement: `DELETE FROM ${keyspace}.credential_retirements WHERE version_id = ? IF EXISTS`,
  reseal: `UPDATE ${keyspace}.credentials SET key_id = ?, sealed = ? WHERE version_id = ? IF key_id = ?`,
});

/** Rejects at start, naming the keys, when the store was sealed with a key that is not given. */
export const createCassandraCredentialStore = async (
  options: CassandraCredentialOptions,
): Promise<SealedCredentialStore> => {
  const { database } = options;
  const sql = statementsFor(database.keyspace);
  const sealer = new CredentialSealer(options);
  const verifyAll = async (): Promise<void> => {
    const used = await database.readDecided(sql.keys, []);
    for (const { key_id: keyId, check_value: sealed } of used)
      sealer.verify(sealedIn({ key_id: keyId, sealed }));
  };
  await verifyAll();
  const check = sealer.checkValue();
  await database.decide(sql.putKey, [check.keyId, Buffer.from(check.sealed)]);
  // Of two nodes that start with different keys on an empty store each sees the other's now.
  await verifyAll();
  return new CassandraCredentialStore(options, sql, sealer);
};

class CassandraCredentialStore implements SealedCredentialStore {
  readonly #database: CassandraDatabase;
  readonly #clock: Clock;
  /** A version's content never changes, so what was opened stays true; only a removal by another node is seen later. */
  readonly #opened: LRUCache<string, Credential>;

  constructor(
    { database, clock, cacheMax = CREDENTIAL_CACHE_MAX }: CassandraCredentialOptions,
    private readonly sql: ReturnType<typeof statementsFor>,
    private readonly sealer: CredentialSealer,
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#opened = new LRUCache({ max: cacheMax });
  }

  async put(versionId: string, credential: Credential): Promise<void> {
    if (!isVersion(versionId))
      throw new RangeError('a credential version is not well-formed Unicode, or empty');
    const { keyId, sealed } = this.sealer.seal(versionId, credential);
    const { applied } = await this.#database.decide(this.sql.put, [
      versionId,
      keyId,
      Buffer.from(sealed),
      BigInt(Math.trunc(this.#clock.nowMs())),
    ]);
    if (applied) this.#opened.set(versionId, credential);
    else if (!isDeepStrictEqual(await this.get(versionId), credential)) throw otherContent(versionId);
  }

  async get(versionId: string): Promise<Credential | undefined> {
    const opened = this.#opened.get(versionId);
    if (opened !== undefined || !isVersion(versionId)) return opened;
    const [row] = await this.#database.read(this.sql.get, [versionId]);
    if (row === undefined) return undefined;
    const credential = this.sealer.open(versionId, sealedIn(row));
    this.#opened.set(versionId, credential);
    return credential;
  }

  async sequence(versionId: string): Promise<number | undefined> {
    if (!isVersion(versionId)) return undefined;
    const [row] = await this.#database.readDecided(this.sql.sequence, [versionId]);
    return row === undefined ? undefined : Number(row['number']);
  }

  async advanceSequence(versionId: string, from: number | undefined, to: number): Promise<boolean> {
    const written =
      from === undefined
        ? this.#database.decide(this.sql.beginSequence, [BigInt(to), versionId])
        : this.#database.decide(this.sql.advanceSequence, [BigInt(to), versionId, BigInt(from)]);
    return (await written).applied;
  }

  async *versions(): AsyncGenerator<Readonly<{ versionId: string; writtenAtMs: number }>> {
    for await (const row of this.#pages(this.sql.all)) {
      yield { versionId: String(row['version_id']), writtenAtMs: Number(row['written_at_ms']) };
    }
  }

  async retire(versionId: string): Promise<void> {
    if (!isVersion(versionId)) return;
    const row = [BigInt(Math.trunc(this.#clock.nowMs())), versionId];
    if ((await this.#database.decide(this.sql.retire, row)).applied) return;
    // Gone meanwhile: removed by another node, and nothing is left to be retired.
    await this.#database.decide(this.sql.retireLater, row);
  }

  async *retired(): AsyncGenerator<Readonly<{ versionId: string; retiredAtMs: number }>> {
    for await (const row of this.#pages(this.sql.retired)) {
      yield { versionId: String(row['version_id']), retiredAtMs: Number(row['retired_at_ms']) };
    }
  }

  async remove(versionId: string): Promise<void> {
    if (!isVersion(versionId)) return;
    await this.#database.decide(this.sql.remove, [versionId]);
    await this.#database.decide(this.sql.removeSequence, [versionId]);
    await this.#database.decide(this.sql.removeRetirement, [versionId]);
    this.#opened.delete(versionId);
  }

  async reseal(): Promise<number> {
    const { keyId } = this.sealer;
    let resealed = 0;
    for await (const row of this.#pages(this.sql.all)) {
      const former = sealedIn(row);
      if (former.keyId === keyId) continue;
      const versionId = String(row['version_id']);
      const { sealed } = this.sealer.reseal(versionId, former);
      const params = [keyId, Buffer.from(sealed), versionId, former.keyId];
      if ((await this.#database.decide(this.sql.reseal, params)).applied) resealed += 1;
    }
    const used = await this.#database.readDecided(this.sql.keys, []);
    for (const { key_id: id } of used) {
      if (id !== keyId) await this.#database.decide(this.sql.forgetKey, [String(id)]);
    }
    return resealed;
  }

  async *#pages(cql: string): AsyncGenerator<CqlRow> {
    let from: string | undefined;
    do {
      const { rows, next } = await this.#database.page(cql, [], PAGE_ROWS, from);
      yield* rows;
      from = next;
    } while (from !== undefined);
  }
}

/** Cassandra takes no empty key of a partition. */
const isVersion = (versionId: string): boolean => versionId !== '' && versionId.isWellFormed();

const sealedIn = ({ key_id: keyId, sealed }: CqlRow): SealedValue => ({
  keyId: String(keyId),
  sealed: sealed instanceof Uint8Array ? sealed : new Uint8Array(),
});
