// The process that starts the workers of an edge, and no more: it has the keys made, and keeps them running. Used by main.ts.
import path from 'node:path';
import type { EventLogConfig } from '#libs/event-log';
import {
  forkWorker,
  loadKeyFile,
  makeSocketFolder,
  type ProcessConfig,
  type ProcessParts,
  superviseWorkers,
  type WorkersConfig,
} from '#libs/runtime';
import type { BonoConfig } from './bono.config.js';
import { openEdgeIdentity } from './edge-identity.js';
import { checkWorkers, workerEnv } from './workers.js';

export type StartWorkersOptions = Readonly<{
  common: ProcessConfig;
  config: BonoConfig;
  eventLog: EventLogConfig;
  workers: WorkersConfig;
  /** As this process got it: what is shared is read by each worker itself. */
  env: NodeJS.ProcessEnv;
  program: string;
}>;

export const startWorkers = async (options: StartWorkersOptions, parts: ProcessParts): Promise<void> => {
  const { common, config, eventLog, workers, env, program } = options;
  checkWorkers(eventLog, config);
  loadKeyFile(config.flowTokenKeyFile || path.join(common.dataDir, 'flow-token.key'), 'flow token key');
  // One certificate for all of them.
  const { tls, close } = await openEdgeIdentity({ ...parts, process: common, config });
  close();
  const folder = path.resolve(common.dataDir, 'tls');
  const identity =
    tls === undefined || config.tlsCertFile !== ''
      ? {}
      : {
          TLS_CERT_FILE: path.join(folder, 'self-made.crt'),
          TLS_KEY_FILE: path.join(folder, 'self-made.key'),
        };
  const sockets = makeSocketFolder();
  const supervisor = superviseWorkers({
    ...parts,
    count: workers.workers,
    start: (worker) =>
      forkWorker(program, {
        ...env,
        ...identity,
        ...workerEnv(common, config, workers, worker),
        WORKER_SOCKETS: sockets,
      }),
    exit: (code) => process.exit(code),
  });
  process.on('SIGHUP', () => supervisor.hangUp());
};
