// The registration view that the configuration names: in memory with snapshots in DATA_DIR, or in memcached.
// Used by the start-up of the all-in-one and of Sprout alone.
import { openAgreement, type ProcessData } from '#libs/projector';
import type { ProcessConfig, Random } from '#libs/runtime';
import type { StoresConfig } from '#libs/stores';
import { openRegistrationView, type RegistrationView } from './registration-view.js';
import { openSharedRegistrationView, sharedViewOf } from './shared-view.js';

/** Opens the view; resolves when it shows all that the log holds. */
export const openRegistrations = async (
  config: Pick<ProcessConfig, 'dataDir' | 'bindAddress' | 'managementPort'>,
  stores: StoresConfig,
  { engines, follow }: Pick<ProcessData, 'engines' | 'follow'>,
  random: Random,
): Promise<RegistrationView> => {
  const shared = sharedViewOf(engines, stores, config.dataDir, random);
  if (shared === undefined) return openRegistrationView(config.dataDir, follow);
  const agreed = await openAgreement(config, follow.clock);
  const view = await openSharedRegistrationView(
    agreed === undefined ? shared : { ...shared, agreed },
    follow,
  );
  return {
    rows: view.rows,
    projector: view.projector,
    async stop() {
      await view.stop();
      await agreed?.shared.close();
    },
  };
};
