// Sprout in a process of its own: its own log and registration view in DATA_DIR, Homestead over HTTP. Used by main.ts.
import path from 'node:path';
import { UPCASTERS } from '#libs/domain';
import { connectHomestead } from '#libs/homestead-client';
import { openProcessData } from '#libs/projector';
import {
  createPeerCheck,
  loadKeyFile,
  presentedKey,
  type ProcessConfig,
  type ProcessParts,
  waitUntil,
} from '#libs/runtime';
import { driveTimers, TimerWheel } from '#libs/sip';
import { createMemoryKeyValueStore } from '#libs/stores';
import type { LiveChallenges } from './authentication/challenges.js';
import { openRegistrationView } from './registration-view.js';
import type { SproutConfig } from './sprout.config.js';
import { startSprout } from './sprout-node.js';

const openData = async (config: ProcessConfig, parts: ProcessParts) => {
  const { log, follow, serve } = await openProcessData(config, parts, UPCASTERS);
  const view = await openRegistrationView(config.dataDir, follow);
  serve(() => view.stop());
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
  const data = await openData(common, parts);
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
    dialogKey: loadKeyFile(path.join(common.dataDir, 'dialog.key'), 'dialog key'),
    challenges: createMemoryKeyValueStore<LiveChallenges>({ name: 'challenges', clock }),
    peers: createPeerCheck(common.trustedPeers),
  });
  shutdown.on('refuse', 'sip', () => {
    node.endpoint.drain();
    node.stopAccepting();
  });
  shutdown.on('finish', 'sip', () => waitUntil(clock, () => node.endpoint.pendingCount === 0));
  shutdown.on('flush', 'sip', async () => {
    stopTimers();
    await Promise.all([node.close(), link.close()]);
  });
  sip.ready();
};
