// A SQLite file opened after a look through it, and set aside when it is damaged: a start must not trip over it hours later.
// Used by libs/projector for the views, which the log rebuilds, and by projections/subscriber-profiles for credentials, which
// nothing does.
import { existsSync, renameSync, statSync } from 'node:fs';
import { StoreUnavailable } from '../../key-value-store.port.js';
import { openSqliteDatabase, type SqliteDatabase, type SqliteOptions } from './sqlite-database.js';

/** Larger files are opened without the look: it reads all of it, at some 500 MB a second. */
export const LOOKED_THROUGH_BYTES_MAX = 512 * 1024 * 1024;

/** SQLITE_NOTADB and SQLITE_CORRUPT, in SQLite's words. */
const DAMAGE = /file is not a database|database disk image is malformed/;

/** The file cannot be trusted. */
export class DatabaseDamaged extends Error {}

/**
 * The database, or the same file opened again: a look that takes longer than an answer may is told once and is no reason to
 * refuse the start, which would fail each time on a slow disk. Only what it finds in the end is.
 */
const lookThrough = async (database: SqliteDatabase, options: SqliteOptions): Promise<SqliteDatabase> => {
  const { file, onFault } = options;
  const answers: string[] = [];
  const look = database.read('PRAGMA quick_check(1)', [], ([row]) => void answers.push(String(row?.[0])));
  const late = await look.then(
    () => false,
    (error: unknown) => {
      if (!(error instanceof StoreUnavailable) || DAMAGE.test(error.message)) throw error;
      onFault?.(`${error.message} while it is looked through for damage: opened after that, or without`);
      return true;
    },
  );
  // Nothing stops a look: until it ends its thread answers nobody, and has the file locked.
  if (late) await database.close();
  const [found = 'ok'] = answers;
  if (found !== 'ok') throw new DatabaseDamaged(`${file} is damaged: ${found.replaceAll(/\s+/g, ' ')}`);
  return late ? openSqliteDatabase(options) : database;
};

/** Opens the file; rejects with DatabaseDamaged, the file closed, or as openSqliteDatabase does. */
export const openWholeDatabase = async (options: SqliteOptions): Promise<SqliteDatabase> => {
  const { file, onFault } = options;
  let database: SqliteDatabase | undefined;
  try {
    // Until it is open the rejection tells what there is to tell.
    const tell = (reason: string): void => database && onFault?.(reason);
    database = await openSqliteDatabase({ ...options, onFault: tell });
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    return size > LOOKED_THROUGH_BYTES_MAX ? database : await lookThrough(database, options);
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
