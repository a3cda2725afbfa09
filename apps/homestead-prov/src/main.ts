// Homestead Prov alone: on its own DATA_DIR, or on engines that it shares with others.
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
import { keptMsOf, StoresConfig } from '#libs/stores';
import { openSubscribers } from '#projections/subscriber-profiles';
import { HomesteadProvConfig } from './homestead-prov.config.js';
import { HomesteadProvModule } from './homestead-prov.module.js';
import { keepSweeping } from './keep-sweeping.js';
import { createProvisioning } from './provisioning.js';

const managementPort = 8887;
const classes = [ProcessConfig, EventLogConfig, StoresConfig, HomesteadProvConfig];
const shared = await startShared({ app: 'homestead-prov', classes, managementPort });
const common = loadConfigOrExit(ProcessConfig, { managementPort });
const { homesteadProvPort: port, storePlaintextPasswords } = loadConfigOrExit(HomesteadProvConfig);
const storesConfig = loadConfigOrExit(StoresConfig);
const { eventLog } = loadConfigOrExit(EventLogConfig);
/** Beside others that provision, what is younger may be theirs. */
const graceMs = eventLog === 'embedded' ? 0 : 60_000;
const { bindAddress: host, dataDir, homeDomain, apiKeys: configured } = common;
await startProcess('homestead-prov', common, async (parts) => {
  const { clock, random, logger, health, shutdown } = parts;
  const part = health.part('homestead-prov');
  await shared.follow(parts);
  const { data, view, ...stores } = await openSubscribers(common, parts, storesConfig);
  data.serve(() => view.stop());
  const provisioning = createProvisioning({
    ...stores,
    clock,
    random,
    homeDomain,
    storePlaintextPasswords,
    credentialKeptMs: keptMsOf(common),
  });
  const finished = await provisioning.finishInterrupted({ graceMs });
  logger.info({ ...finished }, 'finished what was interrupted');
  keepSweeping(provisioning, parts);
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
    tls: parts.httpTls,
    drain: parts.drain,
  });
  shutdown.on('finish', 'http', () => http.close());
  part.ready();
});
