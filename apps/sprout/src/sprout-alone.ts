// Sprout in a process of its own: its own log and registration view in DATA_DIR, Homestead over HTTP. Used by main.ts.
import path from 'node:path';
import { UPCASTERS } from '#libs/domain';
import { openDns } from '#libs/dns';
import { connectHomestead } from '#libs/homestead-client';
import { openProcessData } from '#libs/projector';
import {
  createPeerCheck,
  type HttpServer,
  loadApiKeys,
  loadKeyFile,
  presentedKey,
  type ProcessConfig,
  type ProcessParts,
  startHttp,
  waitUntil,
} from '#libs/runtime';
import { driveTimers, TimerWheel } from '#libs/sip';
import { createMemoryKeyValueStore } from '#libs/stores';
import type { LiveChallenges } from './authentication/challenges.js';
import { SproutModule } from './http/sprout.module.js';
import { openRegistrationView } from './registration-view.js';
import type { SproutConfig } from './sprout.config.js';
import { startSprout } from './sprout-node.js';

const openData = async (config: ProcessConfig, parts: ProcessParts) => {
  const { log, follow, serve } = await openProcessData(config, parts, UPCASTERS);
  const view = await openRegistrationView(config.dataDir, follow);
  serve(() => view.stop());
  return { log, registrations: view.rows };
};

/** The HTTP port of the back ends, with the keys and the peers that may use it. */
const startSproutHttp = async (
  { bindAddress: host, dataDir, apiKeys: configured, trustedPeers }: ProcessConfig,
  { sproutHttpPort: port }: SproutConfig,
  { random, logger, health, shutdown }: ProcessParts,
): Promise<HttpServer> => {
  const part = health.part('http');
  const { keys: apiKeys } = loadApiKeys({ configured, dataDir, httpHosts: [host], random, logger });
  const peers = createPeerCheck(trustedPeers);
  const http = await startHttp({
    module: SproutModule,
    host,
    port,
    title: 'Sprout',
    role: 'sprout',
    logger,
    apiKeys,
    peers,
  });
  shutdown.on('finish', 'http', () => http.close());
  part.ready();
  return http;
};

/** Starts the router; resolves when it serves. */
export const startSproutAlone = async (
  common: ProcessConfig,
  config: SproutConfig,
  parts: ProcessParts,
): Promise<Readonly<{ http: HttpServer }>> => {
  const { clock, random, metrics, health, shutdown } = parts;
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
    dns: openDns({ servers: common.dnsServers, clock, random, metrics }),
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
  const http = await startSproutHttp(common, config, parts);
  sip.ready();
  return { http };
};
