// Moves sealed credentials into a file of their own: they used to be kept beside the views, which a start may throw away.
// Used by projections/subscriber-profiles at start; may be interrupted and begun again at any point.
import { CREATE_CREDENTIALS, CREATE_KEYS } from './sealed-credential-store.js';
import type { SqliteDatabase } from './sqlite-database.js';
import type { SqlRow } from './sqlite-protocol.js';

const PAGE_ROWS = 500;
const HAS_CREDENTIALS = `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'credentials'`;
const KEYS = 'SELECT key_id, check_value FROM credential_keys';
const PUT_KEY = 'INSERT INTO credential_keys (key_id, check_value) VALUES (?, ?) ON CONFLICT DO NOTHING';
const PAGE = `SELECT version_id, key_id, sealed, written_at_ms FROM credentials WHERE version_id > ?
  ORDER BY version_id LIMIT ${PAGE_ROWS}`;
const PUT = `INSERT INTO credentials (version_id, key_id, sealed, written_at_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

const rowsOf = (rows: readonly SqlRow[]) => rows;

/** Resolves with how many there were to move. What was moved is durable where it went before it is gone where it was. */
export const moveCredentials = async (from: SqliteDatabase, to: SqliteDatabase): Promise<number> => {
  if (!(await from.read(HAS_CREDENTIALS, [], ([row]) => row !== undefined))) return 0;
  const create = [CREATE_KEYS, CREATE_CREDENTIALS].map((sql) => ({ sql, sets: [[]] }));
  for (const statement of create) await to.write([statement], () => undefined);
  const keys = await from.read(KEYS, [], rowsOf);
  await to.write([{ sql: PUT_KEY, sets: keys }], () => undefined);
  let moved = 0;
  for (let after = ''; ;) {
    const sets: readonly SqlRow[] = await from.read(PAGE, [after], rowsOf);
    if (sets.length > 0) await to.write([{ sql: PUT, sets }], () => undefined);
    moved += sets.length;
    if (sets.length < PAGE_ROWS) break;
    after = String(sets.at(-1)?.[0]);
  }
  const drop = ['credentials', 'credential_keys'].map((table) => ({
    sql: `DROP TABLE ${table}`,
    sets: [[]],
  }));
  await from.write(drop, () => undefined);
  return moved;
};
