// The documents in an embedded DATA_DIR: a table among its views, which the log can rebuild.
// Used by the start-up of the all-in-one, which lets the view follow the log.
import type { ProcessData } from '#libs/projector';
import { createSqliteTableStore } from '#libs/stores';
import { type DocumentRow, documentsByUser } from './documents-by-user.js';
import { DocumentsByUser } from './documents-by-user.store.js';

/** Opens the table. The view shows what it did when the process ended. */
export const openDocuments = async ({
  log,
  database,
}: Pick<ProcessData, 'log' | 'database'>): Promise<DocumentsByUser> => {
  const table = await createSqliteTableStore<DocumentRow>({ database, name: documentsByUser.name });
  return new DocumentsByUser({ table, readStream: (stream, from) => log.read(stream, from) });
};
