// Homer alone: on its own DATA_DIR, or on engines that it shares with others; credentials from a Homestead elsewhere (HOMESTEAD_URL).
import { UPCASTERS } from '#libs/domain';
import { systemHosts } from '#libs/dns';
import { EventLogConfig } from '#libs/event-log';
import { connectHomestead } from '#libs/homestead-client';
import { resolverWith } from '#libs/http-pool';
import { openProcessData } from '#libs/projector';
import { loadApiKeys, loadConfigOrExit, presentedKey, ProcessConfig, startProcess } from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { StoresConfig } from '#libs/stores';
import { openDocumentView } from '#projections/documents-by-user';
import { HomerConfig } from './homer.config.js';
import { sharedNonces } from './nonces.js';
import { startHomer } from './start-homer.js';

const managementPort = 7889;
const classes = [ProcessConfig, EventLogConfig, StoresConfig, HomerConfig];
const shared = await startShared({ app: 'homer', classes, managementPort });
const common = loadConfigOrExit(ProcessConfig, { managementPort });
const config = loadConfigOrExit(HomerConfig);
const storesConfig = loadConfigOrExit(StoresConfig);
loadConfigOrExit(EventLogConfig);
const { bindAddress, dataDir, apiKeys: configured } = common;
await startProcess('homer', common, async (parts) => {
  const { clock, random, logger, health, shutdown } = parts;
  const part = health.part('homer');
  await shared.follow(parts);
  const data = await openProcessData(common, parts, UPCASTERS, storesConfig);
  const { documents, view } = await openDocumentView(data);
  data.serve(() => view.stop());
  const apiKey = presentedKey(configured, 'homestead');
  const link = connectHomestead({
    url: config.homesteadUrl,
    clock,
    random,
    resolve: resolverWith(systemHosts(common.hostsFile)),
    ca: parts.httpCa,
    ...(apiKey === undefined ? {} : { apiKey }),
    onFault: (error) => logger.warn({ err: error }, 'homestead link'),
  });
  shutdown.on('close', 'homestead link', link.close);
  const { keys: apiKeys } = loadApiKeys({ configured, dataDir, httpHosts: [bindAddress], random, logger });
  const http = await startHomer({
    process: common,
    port: config.homerPort,
    usagesFile: config.homerUsagesFile,
    log: data.log,
    documents,
    homestead: link.homestead,
    apiKeys,
    clock,
    random,
    logger,
    ...sharedNonces(common, data.engines, clock),
    drain: parts.drain,
    ...(parts.httpTls === undefined ? {} : { httpTls: parts.httpTls }),
  });
  shutdown.on('finish', 'http', () => http.close());
  part.ready();
});
