// The table of calls-by-user: among the views of an embedded DATA_DIR, or in Cassandra. The log can rebuild it.
// Used by call-list, which also writes the log that it is folded from.
import type { CallList } from '#libs/domain';
import { createTableSink, followLog, type ProcessData, type Projector } from '#libs/projector';
import { createCassandraTableStore, createSqliteTableStore, type TableStore } from '#libs/stores';
import { callsByUser } from './calls-by-user.js';

export type CallLists = Pick<TableStore<CallList>, 'get'>;

/** The table, brought up to the end of the log. */
export const openCallListView = async ({
  database,
  engines: { cassandra },
  followTables,
}: Pick<ProcessData, 'database' | 'engines' | 'followTables'>): Promise<
  Readonly<{ lists: CallLists; view: Projector }>
> => {
  const { name } = callsByUser;
  const lists =
    cassandra === undefined
      ? await createSqliteTableStore<CallList>({ database, name })
      : await createCassandraTableStore<CallList>({ database: cassandra, name });
  return { lists, view: await followLog(callsByUser, createTableSink(callsByUser, lists), followTables) };
};
