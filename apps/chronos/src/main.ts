// Chronos alone: timers on its own log, or on one that it shares with others of it. With words it asks the one that runs.
import { UPCASTERS } from '#libs/domain';
import { systemHosts } from '#libs/dns';
import { EventLogConfig } from '#libs/event-log';
import { resolverWith } from '#libs/http-pool';
import { openProcessData } from '#libs/projector';
import { createPeerCheck, loadApiKeys, loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { ChronosConfig } from './chronos.config.js';
import { startChronos } from './start-chronos.js';

const defaults = { managementPort: 7254, dataDir: './data-chronos' };
if (process.argv.length > 2) {
  const { runCommands } = await import('./cli/commands.js');
  const common = loadConfigOrExit(ProcessConfig, defaults);
  await runCommands(common, loadConfigOrExit(ChronosConfig), process.argv);
} else {
  const classes = [ProcessConfig, EventLogConfig, ChronosConfig];
  const shared = await startShared({ app: 'chronos', classes, managementPort: defaults.managementPort });
  const common = loadConfigOrExit(ProcessConfig, defaults);
  const config = loadConfigOrExit(ChronosConfig);
  loadConfigOrExit(EventLogConfig);
  await startProcess('chronos', common, async (parts) => {
    const { random, logger } = parts;
    await shared.follow(parts);
    const data = await openProcessData(common, parts, UPCASTERS);
    const { bindAddress, dataDir, apiKeys: configured } = common;
    const { keys } = loadApiKeys({ configured, dataDir, httpHosts: [bindAddress], random, logger });
    await startChronos({
      ...parts,
      process: common,
      config,
      log: data.log,
      follow: data.follow,
      apiKeys: keys,
      peers: createPeerCheck(common.trustedPeers),
      resolve: resolverWith(systemHosts(common.hostsFile)),
    });
    data.serve(() => Promise.resolve());
  });
}
