// Chronos alone: timers on its own log, or on one that it shares with others of it. With words it asks the one that runs.
import { UPCASTERS } from '#libs/domain';
import { systemHosts } from '#libs/dns';
import { EventLogConfig } from '#libs/event-log';
import { resolverWith } from '#libs/http-pool';
import { startOnServedData } from '#libs/projector';
import { loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
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
  const resolve = resolverWith(systemHosts(common.hostsFile));
  await startProcess('chronos', common, async (parts) => {
    await shared.follow(parts);
    await startOnServedData(common, parts, UPCASTERS, (data) =>
      startChronos({ ...parts, ...data, process: common, config, resolve }),
    );
  });
}
