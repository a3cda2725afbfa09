// Several processes of one router on the same ports (WORKERS, docs/architecture.md §8): what each has of its own, and the process that
// starts them. Requests of one call may reach any of them: what they share is in the log, the views and the short-lived stores, so those
// must be shared. Used by main.ts.
import path from 'node:path';
import type { EventLogConfig } from '#libs/event-log';
import {
  forkWorker,
  loadApiKeys,
  loadKeyFile,
  makeSocketFolder,
  type ProcessConfig,
  type ProcessParts,
  readPrivateFile,
  StartRefused,
  superviseWorkers,
  type WorkersConfig,
  workerPort,
} from '#libs/runtime';
import type { StoresConfig } from '#libs/stores';
import type { SproutConfig } from './sprout.config.js';

export type StartWorkersOptions = Readonly<{
  common: ProcessConfig;
  config: SproutConfig;
  stores: StoresConfig;
  eventLog: EventLogConfig;
  workers: WorkersConfig;
  /** As this process got it: what is shared is read by each worker itself. */
  env: NodeJS.ProcessEnv;
  program: string;
}>;

/** What WORKERS needs; StartRefused says what is not so. */
export const checkWorkers = (
  { eventLog }: Pick<EventLogConfig, 'eventLog'>,
  { viewStore }: Pick<StoresConfig, 'viewStore'>,
  { icscfPort, scscfPort, sproutHttpPort }: Pick<SproutConfig, 'icscfPort' | 'scscfPort' | 'sproutHttpPort'>,
): void => {
  if (eventLog !== 'kafka' || viewStore !== 'memcached')
    throw new StartRefused(
      'WORKERS above 1 needs EVENT_LOG=kafka and VIEW_STORE=memcached: a challenge of one process is answered at another',
    );
  if (icscfPort === 0 || scscfPort === 0 || sproutHttpPort === 0)
    throw new StartRefused(
      'WORKERS above 1 needs ports that are known: ICSCF_PORT, SCSCF_PORT and SPROUT_HTTP_PORT are not 0',
    );
};

/** Variables of a worker, over those of the process that starts it. */
export const workerEnv = (
  common: Pick<ProcessConfig, 'dataDir' | 'managementPort' | 'masterKeyFile'>,
  config: SproutConfig,
  { workers }: Pick<WorkersConfig, 'workers'>,
  worker: number,
): Record<string, string> => {
  const inDataDir = (file: string, name: string): string =>
    path.resolve(file || path.join(common.dataDir, name));
  return {
    WORKERS: String(workers),
    WORKER: String(worker),
    DATA_DIR: path.resolve(common.dataDir, `worker-${worker}`),
    // One process writes a spool.
    ...(config.chargingSpoolDir === ''
      ? {}
      : { CHARGING_SPOOL_DIR: path.resolve(config.chargingSpoolDir, `worker-${worker}`) }),
    DIALOG_KEY_FILE: inDataDir(config.dialogKeyFile, 'dialog.key'),
    MASTER_KEY_FILE: inDataDir(common.masterKeyFile, 'master.key'),
    MANAGEMENT_PORT: String(workerPort(common.managementPort, worker + 1)),
    MMTEL_PORT: String(workerPort(config.mmtelPort, worker)),
    DRACHTIO_PORT: String(workerPort(config.drachtioPort, worker)),
    DRACHTIO_SIP_PORT: String(workerPort(config.drachtioSipPort, worker)),
  };
};

/** The key that is made where none is configured: one for all workers. */
const madeKey = (
  { apiKeys: configured, dataDir, bindAddress }: ProcessConfig,
  { random, logger }: ProcessParts,
): Record<string, string> => {
  const { file } = loadApiKeys({ configured, dataDir, httpHosts: [bindAddress], random, logger });
  const key = file === undefined ? undefined : readPrivateFile(file)?.toString().trim();
  return key === undefined ? {} : { API_KEYS: key };
};

/** Has keys made, starts the workers and keeps them running. */
export const startWorkers = (options: StartWorkersOptions, parts: ProcessParts): Promise<void> => {
  const { common, config, stores, eventLog, workers, env, program } = options;
  checkWorkers(eventLog, stores, config);
  loadKeyFile(config.dialogKeyFile || path.join(common.dataDir, 'dialog.key'), 'dialog key');
  const keys = madeKey(common, parts);
  const sockets = makeSocketFolder();
  const supervisor = superviseWorkers({
    ...parts,
    count: workers.workers,
    start: (worker) =>
      forkWorker(program, {
        ...env,
        ...keys,
        ...workerEnv(common, config, workers, worker),
        WORKER_SOCKETS: sockets,
      }),
    exit: (code) => process.exit(code),
  });
  process.on('SIGHUP', () => supervisor.hangUp());
  return Promise.resolve();
};
