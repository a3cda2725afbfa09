// Sprout in a process of its own: its own log and registration view in DATA_DIR, Homestead over HTTP. Used by main.ts.
import { createEmbeddedLog, nodeDisk } from '#libs/event-log';
import { connectHomestead } from '#libs/homestead-client';
import { createPeerCheck, presentedKey, type ProcessConfig, type ProcessParts } from '#libs/runtime';
import { driveTimers, TimerWheel } from '#libs/sip';
import { createMemoryKeyValueStore } from '#libs/stores';
import type { LiveChallenges } from './authentication/challenges.js';
import { openRegistrationView, type RegistrationView } from './registration-view.js';
import type { SproutConfig } from './sprout.config.js';
import { startSprout } from './sprout-node.js';

const openView = async (dataDir: string, parts: ProcessParts) => {
  const { clock, random, logger, metrics, health, shutdown } = parts;
  const part = health.part('views');
  const log = await createEmbeddedLog({ directory: dataDir, disk: nodeDisk, clock, random });
  shutdown.on('close', 'log', () => log.close());
  const onFailure = (name: string, error: unknown): void => {
    logger.error({ view: name, err: error }, 'a view cannot follow the log');
    part.notReady(`${name} stopped`);
  };
  const view: RegistrationView = await openRegistrationView(dataDir, {
    log,
    clock,
    logger,
    metrics,
    onFailure,
  });
  shutdown.on('flush', 'views', () => view.stop());
  part.ready();
  return { log, registrations: view.rows };
};

/** Starts the router; resolves when it serves. */
export const startSproutAlone = async (
  common: ProcessConfig,
  config: SproutConfig,
  parts: ProcessParts,
): Promise<void> => {
  const { clock, random, health, shutdown } = parts;
  const sip = health.part('sip');
  const data = await openView(common.dataDir, parts);
  const apiKey = presentedKey(common.apiKeys, 'homestead');
  const link = connectHomestead({
    url: config.homesteadUrl,
    clock,
    random,
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  const timers = new TimerWheel(clock);
  const stopTimers = driveTimers(timers);
  const node = await startSprout({
    ...parts,
    ...data,
    process: common,
    config,
    timers,
    homestead: link.homestead,
    challenges: createMemoryKeyValueStore<LiveChallenges>({ name: 'challenges', clock }),
    peers: createPeerCheck(common.trustedPeers),
  });
  shutdown.on('refuse', 'sip', () => {
    node.endpoint.drain();
    node.stopAccepting();
  });
  shutdown.on('flush', 'sip', async () => {
    stopTimers();
    await Promise.all([node.close(), link.close()]);
  });
  sip.ready();
};
