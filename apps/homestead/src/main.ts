// Homestead alone, in local mode: on its own DATA_DIR, or on engines that it shares with others.
import { EventLogConfig } from '#libs/event-log';
import {
  createPeerCheck,
  loadApiKeys,
  loadConfigOrExit,
  ProcessConfig,
  startHttp,
  startProcess,
} from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { StoresConfig } from '#libs/stores';
import { openSubscribers } from '#projections/subscriber-profiles';
import { HomesteadConfig, homesteadOptions } from './homestead.config.js';
import { createHomestead } from './homestead.js';
import { HomesteadModule } from './homestead.module.js';

const managementPort = 8886;
const classes = [ProcessConfig, EventLogConfig, StoresConfig, HomesteadConfig];
const shared = await startShared({ app: 'homestead', classes, managementPort });
const common = loadConfigOrExit(ProcessConfig, { managementPort });
const config = loadConfigOrExit(HomesteadConfig);
const storesConfig = loadConfigOrExit(StoresConfig);
loadConfigOrExit(EventLogConfig);
const { bindAddress: host, dataDir, homeDomain, apiKeys: configured } = common;
await startProcess('homestead', common, async (parts) => {
  const { clock, random, logger, health, shutdown } = parts;
  const part = health.part('homestead');
  await shared.follow(parts);
  const { data, view, ...stores } = await openSubscribers(common, parts, storesConfig);
  data.serve(() => view.stop());
  const onFault = (error: unknown) => logger.warn({ err: error }, 'homestead');
  const core = createHomestead({ ...stores, clock, onFault, ...homesteadOptions(config, homeDomain) });
  const { keys: apiKeys } = loadApiKeys({ configured, dataDir, httpHosts: [host], random, logger });
  const http = await startHttp({
    module: HomesteadModule.forRoot(core),
    host,
    port: config.homesteadPort,
    title: 'Homestead',
    role: 'homestead',
    logger,
    apiKeys,
    peers: createPeerCheck(common.trustedPeers),
  });
  shutdown.on('finish', 'http', () => http.close());
  part.ready();
});
