// Ellis alone: on its own DATA_DIR, or on engines that it shares with others; lines through a Homestead Prov and a Homer elsewhere
// (HOMESTEAD_PROV_URL, HOMER_URL). With words it asks the one that runs.
import { UPCASTERS } from '#libs/domain';
import { systemHosts } from '#libs/dns';
import { EventLogConfig } from '#libs/event-log';
import { createHttpPool, createUndiciTransport, resolverWith } from '#libs/http-pool';
import { openProcessData } from '#libs/projector';
import {
  type ApiRole,
  loadApiKeys,
  loadConfigOrExit,
  presentedKey,
  ProcessConfig,
  startProcess,
} from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { StoresConfig } from '#libs/stores';
import { openLinesView } from '#projections/lines-by-account';
import { openRegistrations } from '#projections/registrations-by-aor';
import { openSubscriberStores } from '#projections/subscriber-profiles';
import { EllisConfig } from './ellis.config.js';
import { startEllis } from './start-ellis.js';

const defaults = { managementPort: 8081, dataDir: './data-ellis' };
if (process.argv.length > 2) {
  const { runCommands } = await import('./cli/commands.js');
  await runCommands(loadConfigOrExit(ProcessConfig), loadConfigOrExit(EllisConfig), process.argv);
} else {
  const classes = [ProcessConfig, EventLogConfig, StoresConfig, EllisConfig];
  const shared = await startShared({ app: 'ellis', classes, managementPort: defaults.managementPort });
  const common = loadConfigOrExit(ProcessConfig, defaults);
  const config = loadConfigOrExit(EllisConfig);
  const storesConfig = loadConfigOrExit(StoresConfig);
  loadConfigOrExit(EventLogConfig);
  await startProcess('ellis', common, async (parts) => {
    const { clock, random, logger, shutdown } = parts;
    await shared.follow(parts);
    const data = await openProcessData(common, parts, UPCASTERS, storesConfig);
    const { credentials } = await openSubscriberStores(data, common, parts);
    const { lines, view } = await openLinesView(data);
    const registrations = await openRegistrations(common, storesConfig, data, random);
    data.serve(async () => void (await Promise.all([view.stop(), registrations.stop()])));
    const { bindAddress, dataDir, apiKeys: configured } = common;
    const { keys: apiKeys } = loadApiKeys({ configured, dataDir, httpHosts: [bindAddress], random, logger });
    const resolve = resolverWith(systemHosts(common.hostsFile));
    const neighbour = (name: string, url: string, role: ApiRole) => {
      const apiKey = presentedKey(configured, role);
      const headers = apiKey === undefined ? {} : { headers: { 'x-api-key': apiKey } };
      const transport = createUndiciTransport();
      const pool = createHttpPool({ url, clock, random, transport, resolve, ...headers });
      shutdown.on('close', `${name} link`, () => pool.close());
      return pool;
    };
    await startEllis({
      ...parts,
      process: common,
      config,
      log: data.log,
      isLogShared: data.isLogShared,
      lines,
      credentials,
      registrations: registrations.rows,
      engines: data.engines,
      apiKeys,
      provisioning: neighbour('homestead-prov', config.homesteadProvUrl, 'provisioning'),
      homer: neighbour('homer', config.homerUrl || 'http://127.0.0.1:7888', 'homer'),
      websocketUrls: [],
      isDemo: false,
    });
  });
}
