// npm run call-list: who called whom, for each user, as an application server under the tag `call-list` that passes calls on, notes them
// as events, and tells users of theirs over HTTP (docs/application-servers.md). Runs against a drachtio server too.
import { DrachtioClientConfig } from '#libs/drachtio';
import { EventLogConfig } from '#libs/event-log';
import { loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { StoresConfig } from '#libs/stores';
import { CallListConfig } from './call-list.config.js';
import { serveCallList } from './serve.js';

loadConfigOrExit(EventLogConfig);
const configs = {
  common: loadConfigOrExit(ProcessConfig, { dataDir: './data-call-list', managementPort: 7890 }),
  stores: loadConfigOrExit(StoresConfig),
  own: loadConfigOrExit(CallListConfig),
  server: loadConfigOrExit(DrachtioClientConfig),
};
await startProcess('call-list', configs.common, (parts) => serveCallList(configs, parts));
