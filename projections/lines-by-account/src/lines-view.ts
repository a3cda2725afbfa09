// The table of accounts and numbers: among the views of an embedded DATA_DIR, or in Cassandra. The log can rebuild it.
// Used by the start-up of the all-in-one and of Ellis alone.
import { followLog, type ProcessData, type Projector } from '#libs/projector';
import { createCassandraTableStore, createSqliteTableStore } from '#libs/stores';
import { groupOf, linesByAccount, type LinesRow } from './lines-by-account.js';
import { LinesByAccount } from './lines-by-account.store.js';

/** The table, brought up to the end of the log. */
export const openLinesView = async ({
  log,
  database,
  engines: { cassandra },
  followTables,
}: Pick<ProcessData, 'log' | 'database' | 'engines' | 'followTables'>): Promise<
  Readonly<{ lines: LinesByAccount; view: Projector }>
> => {
  const { name } = linesByAccount;
  const table =
    cassandra === undefined
      ? await createSqliteTableStore<LinesRow>({ database, name })
      : await createCassandraTableStore<LinesRow>({ database: cassandra, name, groupOf });
  const lines = new LinesByAccount({ table, readStream: (stream, from) => log.read(stream, from) });
  return { lines, view: await followLog(linesByAccount, lines, followTables) };
};
