// Everything that DATA_DIR holds, opened together: the log, the views, the credentials, the keys.
// One process owns the folder; a second one is refused by the log's lock.
import path from 'node:path';
import type { LiveChallenges } from '#apps/sprout';
import { UPCASTERS } from '#libs/domain';
import { openProcessData, type ProcessData } from '#libs/projector';
import { loadKeyFile, type ProcessConfig, type ProcessParts } from '#libs/runtime';
import { createMemoryKeyValueStore, type KeyValueStore } from '#libs/stores';
import { type DocumentsByUser, openDocuments } from '#projections/documents-by-user';
import { openSubscriberStores, type SubscriberStores } from '#projections/subscriber-profiles';

export type Storage = ProcessData &
  SubscriberStores &
  Readonly<{
    challenges: KeyValueStore<LiveChallenges>;
    documents: DocumentsByUser;
    /** Signs flow tokens; outlives the process, so that UDP flows do too. */
    flowTokenKey: Buffer;
  }>;

/** Opens everything, and closes it when the process ends. Rejects as openProcessData does. */
export const openStorage = async (config: ProcessConfig, parts: ProcessParts): Promise<Storage> => {
  const data = await openProcessData(config, parts, UPCASTERS);
  return {
    ...(await openSubscriberStores(data, config, parts)),
    ...data,
    documents: await openDocuments(data),
    challenges: createMemoryKeyValueStore<LiveChallenges>({ name: 'challenges', clock: parts.clock }),
    flowTokenKey: loadKeyFile(path.join(config.dataDir, 'flow-token.key'), 'flow token key'),
  };
};
