// The whole of Clearwater in one process: storage, views, Homestead, provisioning, router, edge, HTTP, management.
// The list below is the start-up order; each line is ready before the next begins. Stopping is the reverse (shutdown.ts).
import { type BonoConfig, type BonoNode, startBono } from '#apps/bono';
import { createHomestead } from '#apps/homestead';
import { createProvisioning, type Provisioning } from '#apps/homestead-prov';
import { type SproutConfig, type SproutNode, startSprout } from '#apps/sprout';
import {
  type Clock,
  createPeerCheck,
  type Health,
  type Logger,
  type Metrics,
  type ProcessConfig,
  type Random,
  type Shutdown,
} from '#libs/runtime';
import { driveTimers, MemoryHub, TimerWheel } from '#libs/sip';
import type { ClearwaterConfig } from './clearwater.config.js';
import { openStorage, type Storage } from './storage.js';
import { openViews, type Views } from './views.js';

export type ClearwaterConfigs = Readonly<{
  process: ProcessConfig;
  bono: BonoConfig;
  sprout: SproutConfig;
  clearwater: ClearwaterConfig;
}>;

export type ClearwaterOptions = Readonly<{
  configs: ClearwaterConfigs;
  clock: Clock;
  random: Random;
  logger: Logger;
  metrics: Metrics;
  health: Health;
  shutdown: Shutdown;
}>;

export interface Clearwater {
  readonly storage: Storage;
  readonly provisioning: Provisioning;
  readonly sprout: SproutNode;
  readonly bono: BonoNode;
}

const POLL_MS = 20;

/** Resolves when the endpoints have answered what they took. The shutdown's own bound ends the wait. */
const finished = (clock: Clock, ...pending: (() => number)[]): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (pending.every((count) => count() === 0)) resolve();
      else clock.after(POLL_MS, look);
    };
    look();
  });

const openData = async (options: ClearwaterOptions): Promise<{ storage: Storage; views: Views }> => {
  const { configs, clock, random, logger, metrics, health, shutdown } = options;
  const { dataDir, masterKeyFile } = configs.process;
  const log = health.part('log');
  const viewsPart = health.part('views');
  const storage = await openStorage({ dataDir, masterKeyFile, clock, random, logger, metrics });
  log.ready();
  const views = await openViews({
    dataDir,
    metrics,
    log: storage.log,
    profiles: storage.profiles,
    clock,
    logger,
    onFailure(view, error) {
      logger.error({ view, err: error }, 'a view cannot follow the log');
      viewsPart.notReady(`${view} stopped`);
    },
  });
  viewsPart.ready();
  shutdown.on('flush', 'views', () => views.stop());
  shutdown.on('close', 'storage', () => storage.close());
  return { storage, views };
};

/** Starts everything; resolves when it is ready to serve. Rejects with what stops the start. */
export const startClearwater = async (options: ClearwaterOptions): Promise<Clearwater> => {
  const { configs, clock, random, logger, metrics, health, shutdown } = options;
  const { process: common, bono: edge, sprout: router, clearwater: joined } = configs;
  const sip = health.part('sip');
  const { storage, views } = await openData(options);

  const provisioning = createProvisioning({
    log: storage.log,
    credentials: storage.credentials,
    profiles: storage.profiles,
    clock,
    random,
    homeDomain: common.homeDomain,
  });
  await provisioning.finishInterrupted();

  const timers = new TimerWheel(clock);
  const stopTimers = driveTimers(timers);
  const peers = createPeerCheck(common.trustedPeers);
  const hub = joined.sproutLink === 'memory' ? { hub: new MemoryHub({ clock }) } : {};
  const shared = { process: common, clock, random, logger, metrics, timers, peers, ...hub };
  const homestead = createHomestead({
    profiles: storage.profiles,
    credentials: storage.credentials,
    clock,
    scscfUri: `sip:scscf.${common.homeDomain}:${router.scscfPort};transport=tcp`,
    onFault: (error) => logger.warn({ err: error }, 'homestead'),
  });
  const sprout = await startSprout({
    ...shared,
    config: router,
    log: storage.log,
    registrations: views.registrations,
    challenges: storage.challenges,
    homestead,
  });
  const bono = await startBono({
    ...shared,
    config: edge,
    flowTokenKey: storage.flowTokenKey,
    rows: views.registrations.all(),
  });
  sip.ready();

  shutdown.on('refuse', 'sip', () => {
    bono.endpoint.drain();
    sprout.endpoint.drain();
    bono.stopAccepting();
    sprout.stopAccepting();
  });
  shutdown.on('finish', 'sip', () =>
    finished(
      clock,
      () => bono.endpoint.pendingCount,
      () => sprout.endpoint.pendingCount,
    ),
  );
  shutdown.on('close', 'sip', async () => {
    stopTimers();
    await Promise.all([bono.close(), sprout.close()]);
  });
  return { storage, provisioning, sprout, bono };
};
