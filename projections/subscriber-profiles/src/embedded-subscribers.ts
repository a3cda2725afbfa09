// Log, subscriber view and credentials in one DATA_DIR, opened together and caught up: for Homestead or Homestead Prov run
// alone. One process owns the folder, so only one of them runs on it; the all-in-one opens its own, with more in it.
import { UPCASTERS } from '#libs/domain';
import { followLog, openProcessData } from '#libs/projector';
import type { ProcessConfig, ProcessParts } from '#libs/runtime';
import { subscriberProfiles } from './subscriber-profiles.js';
import { openSubscriberStores, refuseLostCredentials, type SubscriberStores } from './subscriber-stores.js';

/** Opens them, and closes them when the process ends. Rejects as openProcessData does. */
export const openEmbeddedSubscribers = async (
  config: ProcessConfig,
  parts: ProcessParts,
): Promise<SubscriberStores> => {
  const data = await openProcessData(config, parts, UPCASTERS);
  const stores = await openSubscriberStores(data, config, parts);
  const projector = await followLog(subscriberProfiles, stores.profiles, data.follow);
  await refuseLostCredentials(stores, config);
  data.serve(() => projector.stop());
  return stores;
};
