// Homestead Prov alone, on its own DATA_DIR.
import {
  createPeerCheck,
  loadApiKeys,
  loadConfigOrExit,
  ProcessConfig,
  startHttp,
  startProcess,
} from '#libs/runtime';
import { openEmbeddedSubscribers } from '#projections/subscriber-profiles';
import { HomesteadProvConfig } from './homestead-prov.config.js';
import { HomesteadProvModule } from './homestead-prov.module.js';
import { createProvisioning } from './provisioning.js';

const common = loadConfigOrExit(ProcessConfig, { managementPort: 8887 });
const { homesteadProvPort: port, storePlaintextPasswords } = loadConfigOrExit(HomesteadProvConfig);
const { bindAddress: host, dataDir, homeDomain, apiKeys: configured } = common;
await startProcess('homestead-prov', common, async (parts) => {
  const { clock, random, logger, health, shutdown } = parts;
  const part = health.part('homestead-prov');
  const stores = await openEmbeddedSubscribers(common, parts);
  const provisioning = createProvisioning({ ...stores, clock, random, homeDomain, storePlaintextPasswords });
  const finished = await provisioning.finishInterrupted();
  logger.info({ ...finished }, 'finished what was interrupted');
  const { keys: apiKeys } = loadApiKeys({ configured, dataDir, httpHosts: [host], random, logger });
  const module = HomesteadProvModule.forRoot(provisioning);
  const peers = createPeerCheck(common.trustedPeers);
  const http = await startHttp({
    module,
    host,
    port,
    title: 'Homestead Prov',
    role: 'provisioning',
    logger,
    apiKeys,
    peers,
  });
  shutdown.on('finish', 'http', () => http.close());
  part.ready();
});
