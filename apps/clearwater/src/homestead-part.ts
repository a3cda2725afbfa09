// Homestead's core as the all-in-one has it: for the subscribers provisioned here, or for those of an HSS. Used by clearwater.ts.
import path from 'node:path';
import {
  createHomestead,
  hasHss,
  type HomesteadConfig,
  type HomesteadCore,
  homesteadOptions,
  type HssConfig,
  startHssMode,
} from '#apps/homestead';
import type { RegistrarDoor, SproutConfig } from '#apps/sprout';
import type { ProcessConfig, ProcessParts } from '#libs/runtime';
import type { Storage } from './storage.js';

export type HomesteadPartOptions = Readonly<{
  configs: Readonly<{
    process: ProcessConfig;
    homestead: HomesteadConfig;
    hss: HssConfig;
    sprout: SproutConfig;
  }>;
}> &
  ProcessParts;

export type HomesteadPart = Readonly<{
  core: HomesteadCore;
  /** HSSs, and whether they take requests. */
  peers: () => readonly Readonly<{ name: string; up: boolean }>[];
}>;

/** The router runs here: unless told otherwise, it is who serves. */
const scscfUriOf = ({ configs: { homestead, process, sprout } }: HomesteadPartOptions): string =>
  homestead.scscfUri || `sip:scscf.${process.homeDomain}:${sprout.scscfPort};transport=tcp`;

/** What the HSS ends is ended at the router of this process, as soon as it runs. */
const hssCore = async (options: HomesteadPartOptions, storage: Storage, door: RegistrarDoor): Promise<HomesteadPart> => {
  const { configs, shutdown } = options;
  const mode = await startHssMode({
    ...options,
    process: configs.process,
    homestead: configs.homestead,
    hss: configs.hss,
    log: storage.log,
    engines: storage.engines,
    scscfUri: scscfUriOf(options),
    snapshotFile: path.join(configs.process.dataDir, 'hss-sets.snapshot'),
    registrar: {
      async withdraw(withdrawals) {
        if (!door.withdraw) throw new Error('the router is starting');
        await door.withdraw(withdrawals);
      },
      async changeProfile(defaultImpu, xml) {
        const changed = await door.administration?.change(defaultImpu, xml);
        if (changed !== 'changed') throw new Error(`the registrar: ${changed ?? 'the router is starting'}`);
      },
    },
  });
  shutdown.on('flush', 'diameter', () => mode.close());
  const peers = () => mode.node.peers().map(({ host: name, isTrusted: up }) => ({ name, up }));
  return { core: mode.core, peers };
}; // prettier-ignore

export const startHomesteadCore = async (
  options: HomesteadPartOptions,
  storage: Storage,
  door: RegistrarDoor,
): Promise<HomesteadPart> => {
  const { configs, clock, random, logger } = options;
  if (hasHss(configs.hss)) return hssCore(options, storage, door);
  const core = createHomestead({
    profiles: storage.profiles,
    credentials: storage.credentials,
    clock,
    random,
    ...homesteadOptions(configs.homestead, configs.process.homeDomain),
    scscfUri: scscfUriOf(options),
    onFault: (error) => logger.warn({ err: error }, 'homestead'),
  });
  return { core, peers: () => [] };
};
