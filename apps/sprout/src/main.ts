// Sprout alone: a router on its own log or on shared engines, asking a Homestead elsewhere (HOMESTEAD_URL). With WORKERS it is several
// processes, and this one starts them.
import { EventLogConfig } from '#libs/event-log';
import {
  loadConfigOrExit,
  ProcessConfig,
  type ProcessParts,
  startProcess,
  startsWorkers,
  tellReady,
  WorkersConfig,
} from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { openWorkerSockets } from '#libs/sip';
import { StoresConfig } from '#libs/stores';
import { SproutConfig } from './sprout.config.js';
import { startSproutAlone } from './sprout-alone.js';
import { startWorkers } from './workers.js';

const env = { ...process.env };
const managementPort = 9889;
const classes = [ProcessConfig, EventLogConfig, StoresConfig, WorkersConfig, SproutConfig];
const shared = await startShared({ app: 'sprout', classes, managementPort });
const common = loadConfigOrExit(ProcessConfig, { managementPort });
const config = loadConfigOrExit(SproutConfig);
const stores = loadConfigOrExit(StoresConfig);
const eventLog = loadConfigOrExit(EventLogConfig);
const workers = loadConfigOrExit(WorkersConfig);

const serve = async (parts: ProcessParts): Promise<void> => {
  await shared.follow(parts);
  const links = await openWorkerSockets({ ...workers, nowMs: () => parts.clock.monotonicMs() });
  await startSproutAlone(common, config, { ...parts, mayWrite: shared.mayWrite }, stores, links);
  parts.shutdown.on('flush', 'workers', () => links?.close());
  tellReady();
};

await startProcess('sprout', common, (parts) =>
  startsWorkers(workers)
    ? startWorkers({ common, config, stores, eventLog, workers, env, program: process.argv[1]! }, parts)
    : serve(parts),
);
