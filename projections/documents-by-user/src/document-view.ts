// The documents' table: among the views of an embedded DATA_DIR, or in Cassandra. The log can rebuild it.
// Used by the start-up of the all-in-one, which lets the view follow the log.
import type { ProcessData } from '#libs/projector';
import { createCassandraTableStore, createSqliteTableStore, type Engines } from '#libs/stores';
import { type DocumentRow, documentsByUser } from './documents-by-user.js';
import { DocumentsByUser } from './documents-by-user.store.js';

/** Opens the table. The view shows what it did when the process ended. */
export const openDocuments = async (
  { log, database }: Pick<ProcessData, 'log' | 'database'>,
  { cassandra }: Engines = {},
): Promise<DocumentsByUser> => {
  const { name } = documentsByUser;
  const table =
    cassandra === undefined
      ? await createSqliteTableStore<DocumentRow>({ database, name })
      : await createCassandraTableStore<DocumentRow>({ database: cassandra, name });
  const isShared = cassandra !== undefined;
  return new DocumentsByUser({ table, isShared, readStream: (stream, from) => log.read(stream, from) });
};
