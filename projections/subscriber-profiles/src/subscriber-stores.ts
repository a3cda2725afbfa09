// What is kept of subscribers in an embedded DATA_DIR: the rows of their view, and their credentials.
// Used by the start-up of the all-in-one and, through embedded-subscribers.ts, of Homestead and Homestead Prov alone.
import path from 'node:path';
import type { EventLog } from '#libs/event-log';
import type { ProcessData } from '#libs/projector';
import type { Clock, ProcessConfig } from '#libs/runtime';
import {
  createSealedCredentialStore,
  createSqliteTableStore,
  type CredentialStore,
  loadMasterKey,
} from '#libs/stores';
import { subscriberProfiles, type SubscriberProfilesRow } from './subscriber-profiles.js';
import { createSubscriberProfiles, type SubscriberProfiles } from './subscriber-profiles.store.js';

export interface SubscriberStores {
  readonly log: EventLog;
  readonly profiles: SubscriberProfiles;
  readonly credentials: CredentialStore;
}

/** Opens them. The view shows what it did when the process ended: whoever opens it lets it follow the log. */
export const openSubscriberStores = async (
  { log, database }: Pick<ProcessData, 'log' | 'database'>,
  { dataDir, masterKeyFile }: Pick<ProcessConfig, 'dataDir' | 'masterKeyFile'>,
  clock: Clock,
): Promise<SubscriberStores> => {
  const { name } = subscriberProfiles;
  const table = await createSqliteTableStore<SubscriberProfilesRow>({ database, name });
  const masterKey = loadMasterKey(masterKeyFile || path.join(dataDir, 'master.key'));
  return {
    log,
    credentials: await createSealedCredentialStore({ database, masterKey, clock }),
    profiles: createSubscriberProfiles({ table, readStream: (stream, from) => log.read(stream, from) }),
  };
};
