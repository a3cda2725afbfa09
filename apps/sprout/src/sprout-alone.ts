// Sprout in a process of its own: log and views in DATA_DIR, or on the engines that it shares with others; Homestead over HTTP.
// Used by main.ts.
import path from 'node:path';
import { UPCASTERS } from '#libs/domain';
import { openDns, openEnumDns, systemHosts } from '#libs/dns';
import { openChargingSpool } from '#libs/event-log';
import { connectHomestead } from '#libs/homestead-client';
import { resolverWith } from '#libs/http-pool';
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
import { driveTimers, TimerWheel, type WorkerLinks } from '#libs/sip';
import { StoresConfig } from '#libs/stores';
import { openRegistrations } from '#projections/registrations-by-aor';
import { routerAdmission, routerDrainPart } from './router-drain.js';
import { ownershipOn } from './reg-event/ownership.port.js';
import { SproutModule } from './http/sprout.module.js';
import { connectHomer } from './mmtel/homer-documents.js';
import { createChallengeStore, sharedChains } from './short-lived-stores.js';
import type { SproutConfig } from './sprout.config.js';
import { type SproutNode, startSprout } from './sprout-node.js';

/** What the router reads and writes, brought up to the end of the log. */
const openData = async (config: ProcessConfig, stores: StoresConfig, parts: ProcessParts) => {
  const { clock, random } = parts;
  const data = await openProcessData(config, parts, UPCASTERS, stores);
  const registrations = await openRegistrations(config, stores, data, random);
  data.serve(() => registrations.stop());
  return {
    log: data.log,
    ownership: ownershipOn(data),
    registrations: registrations.rows,
    challenges: createChallengeStore(data.engines, clock),
    ...sharedChains(data.engines, clock),
  };
};

/** Homestead where the configuration says, by the names of the deployment's hosts file too. */
const openHomestead = (common: ProcessConfig, { homesteadUrl: url }: SproutConfig, parts: ProcessParts) => {
  const { clock, random, logger, httpCa: ca } = parts;
  const apiKey = presentedKey(common.apiKeys, 'homestead');
  return connectHomestead({
    url,
    clock,
    random,
    ca,
    resolve: resolverWith(systemHosts(common.hostsFile)),
    ...(apiKey === undefined ? {} : { apiKey }),
    onFault: (error) => logger.warn({ err: error }, 'homestead link'),
  });
};

/** Homer likewise: users' documents are read from it alone. */
const openHomer = (
  common: ProcessConfig,
  { homerUrl }: SproutConfig,
  { clock, random, httpCa: ca }: ProcessParts,
) => {
  const apiKey = presentedKey(common.apiKeys, 'homer');
  return connectHomer({
    url: homerUrl || 'http://127.0.0.1:7888',
    clock,
    random,
    ca,
    resolve: resolverWith(systemHosts(common.hostsFile)),
    ...(apiKey === undefined ? {} : { apiKey }),
  });
};

/** The HTTP port of the back ends, with the keys and the peers that may use it. */
const startSproutHttp = async (
  { bindAddress: host, dataDir, apiKeys: configured, trustedPeers }: ProcessConfig,
  { sproutHttpPort: port }: SproutConfig,
  { random, logger, health, shutdown, drain, httpTls: tls }: ProcessParts,
  node: Pick<SproutNode, 'withdraw' | 'administration' | 'expire'>,
  reusePort: boolean,
): Promise<HttpServer> => {
  const part = health.part('http');
  const { keys: apiKeys } = loadApiKeys({ configured, dataDir, httpHosts: [host], random, logger });
  const peers = createPeerCheck(trustedPeers);
  const http = await startHttp({
    module: SproutModule.forRoot(node),
    host,
    port,
    title: 'Sprout',
    role: 'sprout',
    logger,
    apiKeys,
    peers,
    tls,
    drain,
    reusePort,
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
  stores = new StoresConfig(),
  workers?: WorkerLinks,
): Promise<Readonly<{ http: HttpServer }>> => {
  const { clock, random, metrics, health, shutdown } = parts;
  const sip = health.part('sip');
  const data = await openData(common, stores, parts);
  const link = openHomestead(common, config, parts);
  const homer = openHomer(common, config, parts);
  const timers = new TimerWheel(clock);
  const stopTimers = driveTimers(timers);
  const node = await startSprout({
    ...parts,
    ...data,
    process: common,
    config,
    timers,
    dns: openDns({ servers: common.dnsServers, hostsFile: common.hostsFile, clock, random, metrics }),
    ...openEnumDns({ servers: config.enumServers, clock, random, metrics }),
    homestead: link.homestead,
    documents: homer.documents,
    chargingSpool: await openChargingSpool(
      {
        program: 'sprout',
        dataDir: common.dataDir,
        spoolDir: config.chargingSpoolDir,
        worker: workers,
        log: data.log,
      },
      parts,
    ),
    dialogKey: loadKeyFile(config.dialogKeyFile || path.join(common.dataDir, 'dialog.key'), 'dialog key'),
    peers: createPeerCheck(common.trustedPeers),
    ...(workers === undefined ? {} : { workers }),
  });
  parts.drain?.add('sip', routerDrainPart(node));
  shutdown.on('refuse', 'sip', () => {
    node.endpoint.drain(routerAdmission);
    node.stopAccepting();
  });
  shutdown.on('finish', 'sip', () => waitUntil(clock, () => node.endpoint.pendingCount === 0));
  shutdown.on('flush', 'sip', async () => {
    stopTimers();
    await Promise.all([node.close(), link.close(), homer.close()]);
  });
  const http = await startSproutHttp(common, config, parts, node, workers !== undefined);
  sip.ready();
  return { http };
};
