// Sprout alone: a router on its own log or on shared engines, asking a Homestead elsewhere (HOMESTEAD_URL).
import { EventLogConfig } from '#libs/event-log';
import { loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { StoresConfig } from '#libs/stores';
import { SproutConfig } from './sprout.config.js';
import { startSproutAlone } from './sprout-alone.js';

const managementPort = 9889;
const classes = [ProcessConfig, EventLogConfig, StoresConfig, SproutConfig];
const shared = await startShared({ app: 'sprout', classes, managementPort });
const common = loadConfigOrExit(ProcessConfig, { managementPort });
const config = loadConfigOrExit(SproutConfig);
const stores = loadConfigOrExit(StoresConfig);
loadConfigOrExit(EventLogConfig);
await startProcess('sprout', common, async (parts) => {
  await shared.follow(parts);
  await startSproutAlone(common, config, parts, stores);
});
