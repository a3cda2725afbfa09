// Log, subscriber view and credentials in one DATA_DIR, opened together and caught up: for Homestead or Homestead Prov run
// alone. One process owns the folder, so only one of them runs on it; the all-in-one opens its own, with more in it.
import path from 'node:path';
import { UPCASTERS } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import { followLog, openDataDir } from '#libs/projector';
import type { ProcessConfig, ProcessParts } from '#libs/runtime';
import {
  createSealedCredentialStore,
  createSqliteTableStore,
  type CredentialStore,
  loadMasterKey,
} from '#libs/stores';
import { subscriberProfiles, type SubscriberProfilesRow } from './subscriber-profiles.js';
import { createSubscriberProfiles, type SubscriberProfiles } from './subscriber-profiles.store.js';

export interface EmbeddedSubscribers {
  readonly log: EventLog;
  readonly profiles: SubscriberProfiles;
  readonly credentials: CredentialStore;
}

/** Opens them, and closes them when the process ends. Rejects with DirectoryInUse, LogDamaged or what the system says. */
export const openEmbeddedSubscribers = async (
  { dataDir, masterKeyFile, logRetentionDays }: ProcessConfig,
  { clock, random, logger, metrics, health, shutdown }: ProcessParts,
): Promise<EmbeddedSubscribers> => {
  const part = health.part('views');
  const common = { clock, random, logger, metrics };
  const data = await openDataDir({
    ...common,
    dataDir,
    logRetentionDays,
    upcasters: UPCASTERS,
    health: health.part('log'),
  });
  shutdown.on('close', 'storage', () => data.close());
  const { log, database, ledger } = data;
  const table = await createSqliteTableStore<SubscriberProfilesRow>({
    database,
    name: subscriberProfiles.name,
  });
  const masterKey = loadMasterKey(masterKeyFile || path.join(dataDir, 'master.key'));
  const credentials = await createSealedCredentialStore({ database, masterKey, clock });
  const profiles = createSubscriberProfiles({ table, readStream: (stream, from) => log.read(stream, from) });
  const projector = await followLog(subscriberProfiles, profiles, {
    ...common,
    log,
    ledger,
    onFailure(view, error) {
      logger.error({ view, err: error }, 'a view cannot follow the log');
      part.notReady(`${view} stopped`);
    },
  });
  shutdown.on('flush', 'views', () => projector.stop());
  part.ready();
  return { log, profiles, credentials };
};
