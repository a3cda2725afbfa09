// Ralf alone: sends what is chargeable on a log that it shares with others, and takes what they tell it over HTTP.
import { UPCASTERS } from '#libs/domain';
import { EventLogConfig } from '#libs/event-log';
import { startOnServedData } from '#libs/projector';
import { EXIT_CONFIG, loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { hasCdf, RalfConfig } from './ralf.config.js';
import { startRalf } from './start-ralf.js';

const defaults = { managementPort: 10889, dataDir: './data-ralf' };
const classes = [ProcessConfig, EventLogConfig, RalfConfig];
const shared = await startShared({ app: 'ralf', classes, managementPort: defaults.managementPort });
const common = loadConfigOrExit(ProcessConfig, defaults);
const config = loadConfigOrExit(RalfConfig);
loadConfigOrExit(EventLogConfig);
if (!hasCdf(config)) {
  process.stderr.write('CDF_PEERS: names no CDF, and there is nothing else for Ralf to do\n');
  process.exit(EXIT_CONFIG);
}
await startProcess('ralf', common, async (parts) => {
  await shared.follow(parts);
  await startOnServedData(common, parts, UPCASTERS, (data) =>
    startRalf({ ...parts, ...data, process: common, config }),
  );
});
