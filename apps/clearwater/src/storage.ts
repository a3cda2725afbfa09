// Everything that DATA_DIR holds, opened together: the log, the views, the credentials, the keys; and the engines that hold some of
// it instead where the configuration says so.
// One process owns the folder; a second one is refused by the log's lock.
import path from 'node:path';
import { createChallengeStore, type LiveChallenges, type SharedChains, sharedChains } from '#apps/sprout';
import { UPCASTERS } from '#libs/domain';
import { openProcessData, type ProcessData } from '#libs/projector';
import { loadKeyFile, type ProcessConfig, type ProcessParts } from '#libs/runtime';
import type { KeyValueStore, StoresConfig } from '#libs/stores';
import { type DocumentsByUser, openDocuments } from '#projections/documents-by-user';
import { openSubscriberStores, type SubscriberStores } from '#projections/subscriber-profiles';

export type Storage = ProcessData &
  SubscriberStores &
  Readonly<{
    challenges: KeyValueStore<LiveChallenges>;
    /** Where routers share chains that are at application servers. */
    chains: SharedChains;
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
  const data = await openProcessData(config, parts, UPCASTERS, stores);
  return {
    ...(await openSubscriberStores(data, config, parts)),
    ...data,
    documents: await openDocuments(data),
    challenges: createChallengeStore(data.engines, parts.clock),
    chains: sharedChains(data.engines, parts.clock),
    flowTokenKey: loadKeyFile(path.join(config.dataDir, 'flow-token.key'), 'flow token key'),
  };
};
