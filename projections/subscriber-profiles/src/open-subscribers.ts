// Log, subscriber view and credentials, opened together and caught up: for Homestead or Homestead Prov run alone, on a DATA_DIR of
// their own or on the engines that they share. The all-in-one opens its own, with more in it.
import { UPCASTERS } from '#libs/domain';
import { followLog, openProcessData, type ProcessData, type Projector } from '#libs/projector';
import type { ProcessConfig, ProcessParts } from '#libs/runtime';
import type { StoresConfig } from '#libs/stores';
import { subscriberProfiles } from './subscriber-profiles.js';
import { openSubscriberStores, refuseLostCredentials, type SubscriberStores } from './subscriber-stores.js';

export type OpenSubscribers = SubscriberStores &
  Readonly<{
    /** Whoever opens it says when all of its views serve. */
    data: ProcessData;
    view: Projector;
  }>;

/** Opens them; they are closed when the process ends. Rejects as openProcessData does. */
export const openSubscribers = async (
  config: ProcessConfig,
  parts: ProcessParts,
  stores?: StoresConfig,
): Promise<OpenSubscribers> => {
  const data = await openProcessData(config, parts, UPCASTERS, stores);
  const opened = await openSubscriberStores(data, config, parts);
  const view = await followLog(subscriberProfiles, opened.profiles, data.followTables);
  await refuseLostCredentials(opened, config);
  return { ...opened, data, view };
};
