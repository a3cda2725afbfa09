// A credential store by the words of a command line: `embedded:<folder>`, a DATA_DIR or a backup, or `cassandra:<keyspace>`, made where it is not there.
// Used by `npm run credentials`.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { makePrivateFolder, type ProcessParts } from '#libs/runtime';
import type { StoresConfig } from '../stores.config.js';
import { openCassandra } from './cassandra/cassandra-database.js';
import { openCassandraSealedRecords } from './cassandra/cassandra-sealed-records.js';
import { openSqliteDatabase } from './embedded/sqlite-database.js';
import { openSqliteSealedRecords } from './embedded/sqlite-sealed-records.js';
import { cassandraOptions } from './open-engines.js';
import type { SealedRecords } from './sealed-records.port.js';

/** For who gave the words: nothing was changed. */
export class NoSuchStore extends Error {}

export type OpenSealedRecords = Readonly<{ records: SealedRecords; close: () => Promise<void> }>;

const WORDS = /^(embedded|cassandra):(.+)$/;

/** Rejects with NoSuchStore when there is nothing to read, or the words are none; with StoreUnavailable when an engine does not answer. */
export const openSealedRecords = async (
  words: string,
  use: 'from' | 'to',
  config: StoresConfig,
  { clock, random }: Pick<ProcessParts, 'clock' | 'random'>,
): Promise<OpenSealedRecords> => {
  const [, kind, place = ''] = WORDS.exec(words) ?? [];
  if (kind === 'embedded') {
    const file = path.join(place, 'credentials.sqlite');
    if (use === 'from' && !existsSync(file)) throw new NoSuchStore(`${file} is not there`);
    makePrivateFolder(place);
    const database = await openSqliteDatabase({ file, clock });
    return { records: await openSqliteSealedRecords(database), close: () => database.close() };
  }
  if (kind !== 'cassandra' || !/^[a-z][a-z0-9_]{0,47}$/.test(place))
    throw new NoSuchStore(`${words} is neither embedded:<folder> nor cassandra:<keyspace>`);
  const database = await openCassandra({ ...cassandraOptions(config, { clock, random }), keyspace: place });
  return { records: openCassandraSealedRecords(database), close: () => database.close() };
};
