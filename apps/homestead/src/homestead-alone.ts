// Homestead in a process of its own, on its own DATA_DIR or on engines that it shares with others: for the subscribers of this
// deployment, or for those of an HSS. Used by main.ts.
import path from 'node:path';
import { systemHosts } from '#libs/dns';
import { resolverWith } from '#libs/http-pool';
import {
  createPeerCheck,
  loadApiKeys,
  presentedKey,
  type ProcessConfig,
  type ProcessParts,
  startHttp,
} from '#libs/runtime';
import type { StoresConfig } from '#libs/stores';
import { type OpenSubscribers, openSubscribers } from '#projections/subscriber-profiles';
import { type HomesteadConfig, homesteadOptions } from './homestead.config.js';
import type { HomesteadCore } from './homestead-core.js';
import { createHomestead } from './homestead.js';
import { HomesteadModule } from './homestead.module.js';
import { hasHss, type HssConfig } from './hss.config.js';
import { connectRegistrar } from './hss/registrar-link.js';
import { startHssMode } from './hss/start-hss-mode.js';

export type HomesteadConfigs = Readonly<{
  common: ProcessConfig;
  homestead: HomesteadConfig;
  hss: HssConfig;
  stores: StoresConfig;
}>;

/** Asks the HSS; tells the registrar over HTTP what the HSS ends. */
const hssCore = async (configs: HomesteadConfigs, parts: ProcessParts, { data, log }: OpenSubscribers) => {
  const { common, homestead, hss } = configs;
  const { clock, random, shutdown } = parts;
  const registrar = connectRegistrar({
    url: hss.sproutHttpUrl,
    resolve: resolverWith(systemHosts(common.hostsFile)),
    apiKey: presentedKey(common.apiKeys, 'sprout'),
    ca: parts.httpCa,
    clock,
    random,
  });
  const mode = await startHssMode({
    ...parts,
    process: common,
    homestead,
    hss,
    log,
    engines: data.engines,
    registrar: registrar.link,
    snapshotFile: path.join(common.dataDir, 'hss-sets.snapshot'),
    scscfUri: homesteadOptions(homestead, common.homeDomain).scscfUri,
  });
  shutdown.on('flush', 'diameter', async () => {
    await mode.close();
    await registrar.close();
  });
  return mode.core;
};

const localCore = (
  { common, homestead }: HomesteadConfigs,
  { clock, random, logger }: ProcessParts,
  { log: _log, ...stores }: OpenSubscribers,
): HomesteadCore => {
  const onFault = (error: unknown) => logger.warn({ err: error }, 'homestead');
  return createHomestead({
    ...stores,
    clock,
    random,
    onFault,
    ...homesteadOptions(homestead, common.homeDomain),
  });
};

/** Starts it; resolves when it serves. */
export const startHomesteadAlone = async (configs: HomesteadConfigs, parts: ProcessParts): Promise<void> => {
  const { common, homestead, hss } = configs;
  const { random, logger, health, shutdown } = parts;
  const { bindAddress: host, dataDir, apiKeys: configured } = common;
  const part = health.part('homestead');
  const opened = await openSubscribers(common, parts, configs.stores);
  opened.data.serve(() => opened.view.stop());
  const core = hasHss(hss) ? await hssCore(configs, parts, opened) : localCore(configs, parts, opened);
  const { keys: apiKeys } = loadApiKeys({ configured, dataDir, httpHosts: [host], random, logger });
  const http = await startHttp({
    module: HomesteadModule.forRoot(core),
    host,
    port: homestead.homesteadPort,
    title: 'Homestead',
    role: 'homestead',
    logger,
    apiKeys,
    peers: createPeerCheck(common.trustedPeers),
    tls: parts.httpTls,
    drain: parts.drain,
  });
  shutdown.on('finish', 'http', () => http.close());
  part.ready();
};
