// Homestead alone: configuration and start.
import { EventLogConfig } from '#libs/event-log';
import { loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { StoresConfig } from '#libs/stores';
import { startHomesteadAlone } from './homestead-alone.js';
import { HomesteadConfig } from './homestead.config.js';
import { HssConfig } from './hss.config.js';

const managementPort = 8886;
const classes = [ProcessConfig, EventLogConfig, StoresConfig, HomesteadConfig, HssConfig];
const shared = await startShared({ app: 'homestead', classes, managementPort });
const common = loadConfigOrExit(ProcessConfig, { managementPort });
const homestead = loadConfigOrExit(HomesteadConfig);
const hss = loadConfigOrExit(HssConfig);
const stores = loadConfigOrExit(StoresConfig);
loadConfigOrExit(EventLogConfig);
await startProcess('homestead', common, async (parts) => {
  await shared.follow(parts);
  await startHomesteadAlone({ common, homestead, hss, stores }, parts);
});
