// Homestead alone, in local mode on its own DATA_DIR.
import {
  createPeerCheck,
  loadApiKeys,
  loadConfigOrExit,
  ProcessConfig,
  startHttp,
  startProcess,
} from '#libs/runtime';
import { openEmbeddedSubscribers } from '#projections/subscriber-profiles';
import { HomesteadConfig, homesteadOptions } from './homestead.config.js';
import { createHomestead } from './homestead.js';
import { HomesteadModule } from './homestead.module.js';

const common = loadConfigOrExit(ProcessConfig, { managementPort: 8886 });
const config = loadConfigOrExit(HomesteadConfig);
const { bindAddress: host, dataDir, homeDomain, apiKeys: configured } = common;
await startProcess('homestead', common, async (parts) => {
  const { clock, random, logger, health, shutdown } = parts;
  const part = health.part('homestead');
  const stores = await openEmbeddedSubscribers(common, parts);
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
