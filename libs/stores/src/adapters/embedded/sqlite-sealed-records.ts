// The sealed records of a credentials.sqlite. Port: ../sealed-records.port.ts.
import type { SealedRecord, SealedRecords } from '../sealed-records.port.js';
import {
  CREATE_CREDENTIALS,
  CREATE_KEYS,
  CREATE_RETIREMENTS,
  CREATE_SEQUENCES,
} from './sealed-credential-store.js';
import type { SqliteDatabase } from './sqlite-database.js';
import type { SqlRow, SqlValue } from './sqlite-protocol.js';

const PAGE_ROWS = 500;

type Kind<K extends SealedRecord['kind']> = Extract<SealedRecord, { kind: K }>;
type Table<K extends SealedRecord['kind']> = Readonly<{
  read: string;
  recordIn: (row: SqlRow) => Kind<K>;
  write: string;
  rowOf: (record: Kind<K>) => SqlRow;
}>;

const bytesIn = (value: SqlValue | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array();

/** Rows come in the order of their first column, after the one that is given. */
const TABLES: { readonly [K in SealedRecord['kind']]: Table<K> } = {
  key: {
    read: 'SELECT key_id, check_value FROM credential_keys WHERE key_id > ? ORDER BY key_id',
    recordIn: ([keyId, checkValue]) => ({
      kind: 'key',
      keyId: String(keyId),
      checkValue: bytesIn(checkValue),
    }),
    write: 'INSERT INTO credential_keys (key_id, check_value) VALUES (?, ?) ON CONFLICT DO NOTHING',
    rowOf: ({ keyId, checkValue }) => [keyId, checkValue],
  },
  credential: {
    read: 'SELECT version_id, key_id, sealed, written_at_ms FROM credentials WHERE version_id > ? ORDER BY version_id',
    recordIn: ([versionId, keyId, sealed, writtenAtMs]) => ({
      kind: 'credential',
      versionId: String(versionId),
      keyId: String(keyId),
      sealed: bytesIn(sealed),
      writtenAtMs: Number(writtenAtMs),
    }),
    write:
      'INSERT INTO credentials (version_id, key_id, sealed, written_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    rowOf: ({ versionId, keyId, sealed, writtenAtMs }) => [versionId, keyId, sealed, writtenAtMs],
  },
  sequence: {
    read: 'SELECT version_id, number FROM credential_sequences WHERE version_id > ? ORDER BY version_id',
    recordIn: ([versionId, number]) => ({
      kind: 'sequence',
      versionId: String(versionId),
      number: Number(number),
    }),
    write: `INSERT INTO credential_sequences (version_id, number) VALUES (?, ?)
      ON CONFLICT DO UPDATE SET number = max(number, excluded.number)`,
    rowOf: ({ versionId, number }) => [versionId, number],
  },
  retirement: {
    read: 'SELECT version_id, retired_at_ms FROM credential_retirements WHERE version_id > ? ORDER BY version_id',
    recordIn: ([versionId, retiredAtMs]) => ({
      kind: 'retirement',
      versionId: String(versionId),
      retiredAtMs: Number(retiredAtMs),
    }),
    write:
      'INSERT INTO credential_retirements (version_id, retired_at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING',
    rowOf: ({ versionId, retiredAtMs }) => [versionId, retiredAtMs],
  },
};
const KINDS = ['key', 'credential', 'sequence', 'retirement'] as const;

async function* pagesOf<K extends SealedRecord['kind']>(database: SqliteDatabase, kind: K): AsyncGenerator<readonly Kind<K>[]> {
  const { read, recordIn }: Table<K> = TABLES[kind];
  for (let after = ''; ;) {
    const rows: readonly SqlRow[] = await database.read(`${read} LIMIT ${PAGE_ROWS}`, [after], (found) => found);
    if (rows.length > 0) yield rows.map(recordIn);
    if (rows.length < PAGE_ROWS) return;
    after = String(rows.at(-1)?.[0]);
  }
} // prettier-ignore

const statementFor = <K extends SealedRecord['kind']>(kind: K, records: readonly SealedRecord[]) => {
  const { write, rowOf }: Table<K> = TABLES[kind];
  const sets = records.filter((record): record is Kind<K> => record.kind === kind).map(rowOf);
  return sets.length === 0 ? [] : [{ sql: write, sets }];
};

/** Makes the tables where they are not: a file may be new, or of an older release. */
export const openSqliteSealedRecords = async (database: SqliteDatabase): Promise<SealedRecords> => {
  for (const sql of [CREATE_KEYS, CREATE_CREDENTIALS, CREATE_SEQUENCES, CREATE_RETIREMENTS])
    await database.write([{ sql, sets: [[]] }], () => undefined);
  return {
    async *read() {
      for (const kind of KINDS) yield* pagesOf(database, kind);
    },
    async write(records) {
      const statements = KINDS.flatMap((kind) => statementFor(kind, records));
      if (statements.length > 0) await database.write(statements, () => undefined);
    },
  };
};
