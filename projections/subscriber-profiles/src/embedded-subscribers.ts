// Log, subscriber view and credentials in one DATA_DIR, opened together and caught up: for Homestead or Homestead Prov run
// alone. One process owns the folder, so only one of them runs on it; the all-in-one opens its own, with more in it.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createEmbeddedLog, type EventLog, nodeDisk } from '#libs/event-log';
import { startProjector } from '#libs/projector';
import type { Clock, Logger, Random } from '#libs/runtime';
import {
  createSealedCredentialStore,
  createSqliteTableStore,
  type CredentialStore,
  loadMasterKey,
  openSqliteDatabase,
} from '#libs/stores';
import { SUBSCRIBER_PROFILES_VERSION, type SubscriberProfilesRow } from './subscriber-profiles.js';
import { createSubscriberProfiles, type SubscriberProfiles } from './subscriber-profiles.store.js';

export type EmbeddedSubscribersOptions = Readonly<{
  dataDir: string;
  /** '': made in dataDir. */
  masterKeyFile: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** The view cannot follow the log: the process is no longer ready. */
  onFailure: (error: unknown) => void;
}>;

export interface EmbeddedSubscribers {
  readonly log: EventLog;
  readonly profiles: SubscriberProfiles;
  readonly credentials: CredentialStore;
  close(): Promise<void>;
}

/** Rejects with DirectoryInUse, LogDamaged or what the operating system says. */
export const openEmbeddedSubscribers = async (
  options: EmbeddedSubscribersOptions,
): Promise<EmbeddedSubscribers> => {
  const { dataDir, masterKeyFile, clock, random, logger, onFailure } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const log = await createEmbeddedLog({
    directory: dataDir,
    disk: nodeDisk,
    clock,
    random,
    report: (message) => logger.warn({ part: 'log' }, message),
  });
  const database = await openSqliteDatabase({
    file: path.join(dataDir, 'views.sqlite'),
    clock,
    onFault: (reason) => logger.error({ part: 'views' }, reason),
  });
  const table = await createSqliteTableStore<SubscriberProfilesRow>({
    database,
    name: 'subscriber-profiles',
  });
  const masterKey = await loadMasterKey(masterKeyFile || path.join(dataDir, 'master.key'));
  const credentials = await createSealedCredentialStore({ database, masterKey, clock });
  const profiles = createSubscriberProfiles({ table, readStream: (stream, from) => log.read(stream, from) });
  const projector = await startProjector({
    log,
    clock,
    projection: {
      name: 'subscriber-profiles',
      version: SUBSCRIBER_PROFILES_VERSION,
      topics: ['provisioning'],
    },
    sink: profiles,
    report: (message) => logger.warn({ part: 'views' }, message),
    onFailure,
  });
  await projector.caughtUp();
  return {
    log,
    profiles,
    credentials,
    async close() {
      await projector.stop();
      await log.close();
      await database.close();
    },
  };
};
