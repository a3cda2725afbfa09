// Everything that DATA_DIR holds, opened together: the log, the views, the credentials, the keys.
// One process owns the folder; a second one is refused by the log's lock.
import path from 'node:path';
import type { LiveChallenges } from '#apps/sprout';
import { UPCASTERS } from '#libs/domain';
import { type DataDir, type DataDirOptions, openDataDir } from '#libs/projector';
import { loadKeyFile } from '#libs/runtime';
import {
  createMemoryKeyValueStore,
  createSealedCredentialStore,
  createSqliteTableStore,
  type CredentialStore,
  type KeyValueStore,
  loadMasterKey,
} from '#libs/stores';
import { SubscriberProfiles, type SubscriberProfilesRow } from '#projections/subscriber-profiles';

export type StorageOptions = Omit<DataDirOptions, 'upcasters'> & Readonly<{ masterKeyFile: string }>;

export interface Storage extends Omit<DataDir, 'database'> {
  readonly profiles: SubscriberProfiles;
  readonly credentials: CredentialStore;
  readonly challenges: KeyValueStore<LiveChallenges>;
  /** Signs flow tokens; outlives the process, so that UDP flows do too. */
  readonly flowTokenKey: Buffer;
}

/** Opens everything. Rejects with DirectoryInUse, LogDamaged or what the operating system says. */
export const openStorage = async (options: StorageOptions): Promise<Storage> => {
  const { dataDir, clock } = options;
  const data = await openDataDir({ ...options, upcasters: UPCASTERS });
  const { database, log, ledger } = data;
  const table = await createSqliteTableStore<SubscriberProfilesRow>({
    database,
    name: 'subscriber-profiles',
  });
  const masterKey = loadMasterKey(options.masterKeyFile || path.join(dataDir, 'master.key'));
  return {
    log,
    ledger,
    close: () => data.close(),
    credentials: await createSealedCredentialStore({ database, masterKey, clock }),
    profiles: new SubscriberProfiles({ table, readStream: (stream, from) => log.read(stream, from) }),
    challenges: createMemoryKeyValueStore<LiveChallenges>({ name: 'challenges', clock }),
    flowTokenKey: loadKeyFile(path.join(dataDir, 'flow-token.key'), 'flow token key'),
  };
};
