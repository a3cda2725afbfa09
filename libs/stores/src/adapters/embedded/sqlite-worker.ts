// The thread that owns the SQLite file: runs prepared statements, so that the event loop never waits for the disk.
// Imports nothing of ours at run time: it starts as .js after a build and as .ts (types stripped by Node) in tests.
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type {
  FromWorker,
  SqlAnswer,
  SqlRead,
  SqlStatement,
  SqlWrite,
  ToWorker,
  WorkerData,
} from './sqlite-protocol.js';

/** Raised with an upcast when the layout of the file changes. */
const LAYOUT_VERSION = 1;

const port = parentPort;
const { file } = workerData as WorkerData;
const prepared = new Map<string, StatementSync>();

const answer = (message: FromWorker): void => port?.postMessage(message);
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const open = (): DatabaseSync => {
  const database = new DatabaseSync(file);
  // Exclusive: one process owns the file, and the WAL's index needs no shared memory.
  // FULL: a commit is on the disk before it returns. In WAL mode NORMAL would lose commits with the power.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  const [row] = database.prepare('PRAGMA user_version').all();
  const version = Number(row?.['user_version']);
  if (version > LAYOUT_VERSION) throw new Error(`written by a newer release (layout ${version})`);
  // Also takes the write lock now rather than with the first change.
  database.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${LAYOUT_VERSION}; COMMIT`);
  return database;
};

const prepare = (database: DatabaseSync, sql: string): StatementSync => {
  const known = prepared.get(sql);
  if (known) return known;
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  prepared.set(sql, statement);
  return statement;
};

const read = (database: DatabaseSync, { sql, sets }: SqlStatement): SqlAnswer<SqlRead> => {
  try {
    const statement = prepare(database, sql);
    // setReturnArrays makes rows arrays, which the type of all() does not tell.
    return { ok: true, value: sets.map((set) => statement.all(...set) as unknown as SqlRead[number]) };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
};

const write = (
  database: DatabaseSync,
  writes: readonly (readonly SqlStatement[])[],
): SqlAnswer<readonly SqlWrite[]> => {
  try {
    database.exec('BEGIN IMMEDIATE');
    const value = writes.map((statements) =>
      statements.map(({ sql, sets }) => {
        const statement = prepare(database, sql);
        return sets.map((set) => Number(statement.run(...set).changes));
      }),
    );
    database.exec('COMMIT');
    return { ok: true, value };
  } catch (error) {
    // Fails only when the connection is beyond use: then the thread ends and is started again.
    if (database.isTransaction) database.exec('ROLLBACK');
    return { ok: false, reason: reasonOf(error) };
  }
};

const serve = (database: DatabaseSync): void => {
  port?.on('message', (message: ToWorker) => {
    if (message.kind === 'close') {
      database.close();
      port.close();
      return;
    }
    const { reads, writes } = message.batch;
    if (reads.length > 0) answer({ kind: 'read', answers: reads.map((one) => read(database, one)) });
    answer({
      kind: 'written',
      answer: writes.length > 0 ? write(database, writes) : { ok: true, value: [] },
    });
  });
  answer({ kind: 'open' });
};

try {
  serve(open());
} catch (error) {
  answer({ kind: 'not-open', reason: reasonOf(error) });
}
