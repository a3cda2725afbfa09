// The registration view that the configuration names: in memory with snapshots in DATA_DIR, or in memcached.
// Used by the start-up of the all-in-one and of Sprout alone.
import type { ProcessData } from '#libs/projector';
import type { ProcessConfig, Random } from '#libs/runtime';
import type { StoresConfig } from '#libs/stores';
import { openRegistrationView, type RegistrationView } from './registration-view.js';
import { openSharedRegistrationView, sharedViewOf } from './shared-registration-view.js';

/** Opens the view; resolves when it shows all that the log holds. */
export const openRegistrations = (
  { dataDir }: Pick<ProcessConfig, 'dataDir'>,
  stores: StoresConfig,
  { engines, follow }: Pick<ProcessData, 'engines' | 'follow'>,
  random: Random,
): Promise<RegistrationView> => {
  const shared = sharedViewOf(engines, stores, dataDir, random);
  return shared === undefined
    ? openRegistrationView(dataDir, follow)
    : openSharedRegistrationView(shared, follow);
};
