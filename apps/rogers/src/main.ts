// Rogers alone, with Astaire: memcached's protocol on ROGERS_PORT. The servers behind it are taken from the environment, or from the shared
// configuration, which may change them while it runs.
import { loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { RogersConfig } from './rogers.config.js';
import { startRogers } from './start-rogers.js';
import { followTopology } from './follow-topology.js';

const defaults = { managementPort: 11312, dataDir: './data-rogers' };
const shared = await startShared({
  app: 'rogers',
  classes: [ProcessConfig, RogersConfig],
  managementPort: defaults.managementPort,
  live: ['ROGERS_SERVERS'],
});
const common = loadConfigOrExit(ProcessConfig, defaults);
const config = loadConfigOrExit(RogersConfig);
await startProcess('rogers', common, async (parts) => {
  const topology = followTopology(config, shared, parts);
  await shared.follow(parts);
  await startRogers({ ...parts, process: common, config, topology });
});
