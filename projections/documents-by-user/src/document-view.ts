// The documents' table: among the views of an embedded DATA_DIR, or in Cassandra. The log can rebuild it.
// Used by the start-up of the all-in-one, and of Sprout and Homestead Prov alone.
import { followLog, type ProcessData, type Projector } from '#libs/projector';
import { createCassandraTableStore, createSqliteTableStore } from '#libs/stores';
import { type DocumentRow, documentsByUser } from './documents-by-user.js';
import { DocumentsByUser } from './documents-by-user.store.js';

/** Opens the table. The view shows what it did when the process ended. */
export const openDocuments = async ({
  log,
  database,
  engines: { cassandra },
}: Pick<ProcessData, 'log' | 'database' | 'engines'>): Promise<DocumentsByUser> => {
  const { name } = documentsByUser;
  const table =
    cassandra === undefined
      ? await createSqliteTableStore<DocumentRow>({ database, name })
      : await createCassandraTableStore<DocumentRow>({ database: cassandra, name });
  const isShared = cassandra !== undefined;
  return new DocumentsByUser({ table, isShared, readStream: (stream, from) => log.read(stream, from) });
};

/** The table, brought up to the end of the log. */
export const openDocumentView = async (
  data: ProcessData,
): Promise<Readonly<{ documents: DocumentsByUser; view: Projector }>> => {
  const documents = await openDocuments(data);
  return { documents, view: await followLog(documentsByUser, documents, data.followTables) };
};
