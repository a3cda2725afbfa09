// Everything that DATA_DIR holds, opened together: the log, the views, the credentials, the keys; and the engines that hold some of
// it instead where the configuration says so.
// One process owns the folder; a second one is refused by the log's lock.
import path from 'node:path';
import {
  type ChainLink,
  createChallengeStore,
  type LiveChallenges,
  sharedChainLinks,
  type SharedView,
  sharedViewOf,
} from '#apps/sprout';
import { UPCASTERS } from '#libs/domain';
import {
  createTableLedger,
  type FollowOptions,
  type LedgerRow,
  openProcessData,
  type ProcessData,
} from '#libs/projector';
import { loadKeyFile, type ProcessConfig, type ProcessParts } from '#libs/runtime';
import {
  createCassandraTableStore,
  type Engines,
  type KeyValueStore,
  openEngines,
  type StoresConfig,
} from '#libs/stores';
import { type DocumentsByUser, openDocuments } from '#projections/documents-by-user';
import { openSubscriberStores, type SubscriberStores } from '#projections/subscriber-profiles';

export type Storage = ProcessData &
  SubscriberStores &
  Readonly<{
    challenges: KeyValueStore<LiveChallenges>;
    chainLinks?: KeyValueStore<ChainLink>;
    /** What followLog takes for views in tables: their versions are remembered where the tables are. */
    followTables: FollowOptions;
    /** Where registrations are kept in memcached. */
    sharedView: SharedView | undefined;
    documents: DocumentsByUser;
    /** Signs flow tokens; outlives the process, so that UDP flows do too. */
    flowTokenKey: Buffer;
  }>;

/** Opens everything, and closes it when the process ends. Rejects as openProcessData does. */
export const openStorage = async (
  config: ProcessConfig,
  stores: StoresConfig,
  parts: ProcessParts,
): Promise<Storage> => {
  const engines = await openEngines(stores, parts);
  const chainLinks = sharedChainLinks(engines, parts.clock);
  const data = await openProcessData(config, parts, UPCASTERS);
  return {
    ...(await openSubscriberStores(data, config, parts, engines)),
    ...data,
    documents: await openDocuments(data, engines),
    challenges: createChallengeStore(engines, parts.clock),
    followTables: await followTables(data, engines),
    ...(chainLinks === undefined ? {} : { chainLinks }),
    sharedView: sharedViewOf(engines, stores, config.dataDir, parts.random),
    flowTokenKey: loadKeyFile(path.join(config.dataDir, 'flow-token.key'), 'flow token key'),
  };
};

/** A process that is new to a keyspace must not take its views for those of an older version, and rebuild them under others. */
const followTables = async ({ follow }: ProcessData, { cassandra }: Engines): Promise<FollowOptions> => {
  if (cassandra === undefined) return follow;
  const table = await createCassandraTableStore<LedgerRow>({ database: cassandra, name: 'projections' });
  return { ...follow, ledger: (projection) => createTableLedger(projection, table) };
};
