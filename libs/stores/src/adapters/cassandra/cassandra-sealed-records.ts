// The sealed records of a credential store in Cassandra. Port: ../sealed-records.port.ts. All writes are lightweight transactions, as the store's own.
import type { SealedRecord, SealedRecords } from '../sealed-records.port.js';
import type { CassandraDatabase, CqlRow } from './cassandra-database.port.js';

const PAGE_ROWS = 500;
/** Each is a lightweight transaction. */
const WRITES_AT_ONCE = 16;

const bytesIn = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array());

type Reading = Readonly<{ cql: string; recordIn: (row: CqlRow) => SealedRecord }>;

const readingsOf = (keyspace: string): readonly Reading[] => [
  {
    cql: `SELECT key_id, check_value FROM ${keyspace}.credential_keys`,
    recordIn: ({ key_id, check_value }) => ({
      kind: 'key',
      keyId: String(key_id),
      checkValue: bytesIn(check_value),
    }),
  },
  {
    cql: `SELECT version_id, key_id, sealed, written_at_ms FROM ${keyspace}.credentials`,
    recordIn: ({ version_id, key_id, sealed, written_at_ms }) => ({
      kind: 'credential',
      versionId: String(version_id),
      keyId: String(key_id),
      sealed: bytesIn(sealed),
      writtenAtMs: Number(written_at_ms),
    }),
  },
  {
    cql: `SELECT version_id, number FROM ${keyspace}.credential_sequences`,
    recordIn: ({ version_id, number }) => ({
      kind: 'sequence',
      versionId: String(version_id),
      number: Number(number),
    }),
  },
  {
    cql: `SELECT version_id, retired_at_ms FROM ${keyspace}.credential_retirements`,
    recordIn: ({ version_id, retired_at_ms }) => ({
      kind: 'retirement',
      versionId: String(version_id),
      retiredAtMs: Number(retired_at_ms),
    }),
  },
];

const writeOne = async (database: CassandraDatabase, record: SealedRecord): Promise<void> => {
  const { keyspace } = database;
  switch (record.kind) {
    case 'key': {
      const cql = `INSERT INTO ${keyspace}.credential_keys (key_id, check_value) VALUES (?, ?) IF NOT EXISTS`;
      await database.decide(cql, [record.keyId, Buffer.from(record.checkValue)]);
      return;
    }
    case 'credential': {
      const { versionId, keyId, sealed, writtenAtMs } = record;
      const cql = `INSERT INTO ${keyspace}.credentials (version_id, key_id, sealed, written_at_ms) VALUES (?, ?, ?, ?) IF NOT EXISTS`;
      await database.decide(cql, [versionId, keyId, Buffer.from(sealed), BigInt(writtenAtMs)]);
      return;
    }
    case 'sequence': {
      const { versionId, number } = record;
      const begin = `INSERT INTO ${keyspace}.credential_sequences (version_id, number) VALUES (?, ?) IF NOT EXISTS`;
      if ((await database.decide(begin, [versionId, BigInt(number)])).applied) return;
      const raise = `UPDATE ${keyspace}.credential_sequences SET number = ? WHERE version_id = ? IF number < ?`;
      await database.decide(raise, [BigInt(number), versionId, BigInt(number)]);
      return;
    }
    case 'retirement': {
      const cql = `INSERT INTO ${keyspace}.credential_retirements (version_id, retired_at_ms) VALUES (?, ?) IF NOT EXISTS`;
      await database.decide(cql, [record.versionId, BigInt(record.retiredAtMs)]);
    }
  }
};

export const openCassandraSealedRecords = (database: CassandraDatabase): SealedRecords => ({
  async *read() {
    for (const { cql, recordIn } of readingsOf(database.keyspace)) {
      let from: string | undefined;
      do {
        const { rows, next } = await database.page(cql, [], PAGE_ROWS, from);
        if (rows.length > 0) yield rows.map(recordIn);
        from = next;
      } while (from !== undefined);
    }
  },
  async write(records) {
    for (let at = 0; at < records.length; at += WRITES_AT_ONCE)
      await Promise.all(records.slice(at, at + WRITES_AT_ONCE).map((record) => writeOne(database, record)));
  },
});
