// Sprout alone: a router with its own log, asking a Homestead elsewhere (HOMESTEAD_URL).
import { loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { SproutConfig } from './sprout.config.js';
import { startSproutAlone } from './sprout-alone.js';

const common = loadConfigOrExit(ProcessConfig, { managementPort: 9889 });
const config = loadConfigOrExit(SproutConfig);
await startProcess('sprout', common, async (parts) => {
  await startSproutAlone(common, config, parts);
});
