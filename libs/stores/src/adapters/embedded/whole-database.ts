// A SQLite file opened after a look through it, and set aside when it is damaged: a start must not trip over it hours later.
// Used by libs/projector for the views, which the log rebuilds, and by projections/subscriber-profiles for credentials, which
// nothing does.
import { existsSync, renameSync, statSync } from 'node:fs';
import { openSqliteDatabase, type SqliteDatabase, type SqliteOptions } from './sqlite-database.js';

/** Larger files are opened without the look: it reads all of it, at some 500 MB a second. */
export const LOOKED_THROUGH_BYTES_MAX = 512 * 1024 * 1024;

/** SQLITE_NOTADB and SQLITE_CORRUPT, in SQLite's words. */
const DAMAGE = /file is not a database|database disk image is malformed/;

/** The file cannot be trusted. */
export class DatabaseDamaged extends Error {}

/** Opens the file; rejects with DatabaseDamaged, the file closed, or as openSqliteDatabase does. */
export const openWholeDatabase = async (options: SqliteOptions): Promise<SqliteDatabase> => {
  const { file, onFault } = options;
  let database: SqliteDatabase | undefined;
  try {
    // Until it is open the rejection tells what there is to tell.
    const tell = (reason: string): void => database && onFault?.(reason);
    database = await openSqliteDatabase({ ...options, onFault: tell });
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > LOOKED_THROUGH_BYTES_MAX) return database;
    const found = await database.read('PRAGMA quick_check(1)', [], ([row]) => String(row?.[0]));
    if (found === 'ok') return database;
    throw new DatabaseDamaged(`${file} is damaged: ${found.replaceAll(/\s+/g, ' ')}`);
  } catch (error) {
    await database?.close();
    if (!(error instanceof Error) || !DAMAGE.test(error.message)) throw error;
    throw new DatabaseDamaged(error.message, { cause: error });
  }
};

/** Gives a damaged file, and what SQLite keeps beside it, a name under which it is kept; returns that name. */
export const setAside = (file: string, nowMs: number): string => {
  const aside = `${file}.corrupt-${new Date(nowMs).toISOString().replaceAll(':', '-')}`;
  for (const part of ['', '-wal', '-shm', '-journal'])
    if (existsSync(file + part)) renameSync(file + part, aside + part);
  return aside;
};
