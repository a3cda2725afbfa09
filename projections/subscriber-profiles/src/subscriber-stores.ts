// What is kept of subscribers, in a DATA_DIR or in Cassandra: the rows of their view, which the log can rebuild, and their credentials,
// which it cannot: those are in a file of their own, never silently lost.
// Used by the start-up of the all-in-one and, through open-subscribers.ts, of Homestead and Homestead Prov alone.
import path from 'node:path';
import type { EventLog } from '#libs/event-log';
import type { ProcessData } from '#libs/projector';
import { type ProcessConfig, type ProcessParts, StartRefused } from '#libs/runtime';
import {
  createCassandraCredentialStore,
  createCassandraTableStore,
  createSealedCredentialStore,
  createSqliteTableStore,
  type CredentialStore,
  DatabaseDamaged,
  loadMasterKey,
  moveCredentials,
  openWholeDatabase,
  setAside,
  type SqliteDatabase,
} from '#libs/stores';
import { subscriberProfiles, type SubscriberProfilesRow } from './subscriber-profiles.js';
import type { ReadStream } from './workspace.js';
import { createSubscriberProfiles, type SubscriberProfiles } from './subscriber-profiles.store.js';

export interface SubscriberStores {
  readonly log: EventLog;
  readonly profiles: SubscriberProfiles;
  readonly credentials: CredentialStore;
}

/**
 * Both hold what is being provisioned, and what is asked for the first time; what registrations and calls go on asking for is
 * kept, in less room, by subscriber-profiles.store and by Homestead. Beyond them the least recently used is read again.
 */
const ROWS_CACHED_MAX = 1_000;
const CREDENTIALS_CACHED_MAX = 500;

type Config = Pick<ProcessConfig, 'dataDir' | 'masterKeyFile' | 'acceptLostCredentials'>;

const fileOf = ({ dataDir }: Config): string => path.join(dataDir, 'credentials.sqlite');
const GO_ON =
  'To go on without, start with ACCEPT_LOST_CREDENTIALS=1 until they are set again: subscribers are kept, but nobody whose ' +
  'credential is lost can register';

/** Opens the credentials' own file. Nothing rebuilds it: a damaged one is set aside only when told to. */
const openCredentials = async (
  config: Config,
  { clock, logger, shutdown }: ProcessParts,
): Promise<SqliteDatabase> => {
  const file = fileOf(config);
  const onFault = (reason: string): void => logger.error({ part: 'credentials' }, reason);
  const open = () => openWholeDatabase({ file, clock, onFault });
  const database = await open().catch((error: unknown) => {
    if (!(error instanceof DatabaseDamaged)) throw error;
    if (!config.acceptLostCredentials)
      throw new StartRefused(
        `${error.message}. It holds every subscriber's credential, which is nowhere else: put it back from a backup. ${GO_ON}`,
        { cause: error },
      );
    const aside = setAside(file, clock.nowMs());
    logger.error(
      { part: 'credentials' },
      `${error.message}; kept as ${aside}: its credentials must be set again`,
    );
    return open();
  });
  shutdown.on('close', 'credentials', () => database.close());
  return database;
};

/** Opens them. The view shows what it did when the process ended: whoever opens it lets it follow the log. */
export const openSubscriberStores = async (
  { log, database, engines: { cassandra } }: Pick<ProcessData, 'log' | 'database' | 'engines'>,
  config: Config,
  parts: ProcessParts,
): Promise<SubscriberStores> => {
  const { clock, logger } = parts;
  const { name } = subscriberProfiles;
  const readStream: ReadStream = (stream, from) => log.read(stream, from);
  if (cassandra !== undefined) {
    const masterKey = loadMasterKey(config.masterKeyFile || path.join(config.dataDir, 'master.key'));
    const table = await createCassandraTableStore<SubscriberProfilesRow>({ database: cassandra, name });
    return {
      log,
      credentials: await createCassandraCredentialStore({ database: cassandra, masterKey, clock }),
      profiles: createSubscriberProfiles({ table, readStream, isShared: true }),
    };
  }
  const table = await createSqliteTableStore<SubscriberProfilesRow>({
    database,
    name,
    cacheRowsMax: ROWS_CACHED_MAX,
  });
  const masterKey = loadMasterKey(config.masterKeyFile || path.join(config.dataDir, 'master.key'));
  const own = await openCredentials(config, parts);
  const moved = await moveCredentials(database, own);
  if (moved > 0) logger.info({ moved }, 'credentials have a file of their own now: credentials.sqlite');
  return {
    log,
    credentials: await createSealedCredentialStore({
      database: own,
      masterKey,
      clock,
      cacheMax: CREDENTIALS_CACHED_MAX,
    }),
    profiles: createSubscriberProfiles({ table, readStream }),
  };
};

/** Once the view has caught up: a store without a single credential, while subscribers have them, was lost. */
export const refuseLostCredentials = async (
  { credentials, profiles }: SubscriberStores,
  config: Config,
): Promise<void> => {
  if (config.acceptLostCredentials) return;
  for await (const _version of credentials.versions()) return;
  for await (const _credential of profiles.credentialsInForce())
    throw new StartRefused(
      `${fileOf(config)} holds no credential, but the log has subscribers with one: put the file back from a backup ` +
        `(of an older release: views.sqlite). ${GO_ON}`,
    );
};
