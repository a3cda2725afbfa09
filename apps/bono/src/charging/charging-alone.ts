// What an edge in a process of its own writes charging facts to: the log that it shares with the others, and a folder of this machine while
// that takes none. Used by main.ts.
import { hostname } from 'node:os';
import { UPCASTERS } from '#libs/domain';
import {
  createUpcasting,
  type EventLogConfig,
  nodeDisk,
  openChargingSpool,
  openConfiguredLog,
} from '#libs/event-log';
import { type ProcessConfig, type ProcessParts, StartRefused } from '#libs/runtime';
import type { BonoConfig } from '../bono.config.js';
import { LateLog } from './late-log.js';
import type { ChargingLog } from './open-edge-charging.js';

const A_DAY_MS = 86_400_000;

export type ChargingAloneOptions = Readonly<{
  common: Pick<ProcessConfig, 'dataDir' | 'logRetentionDays' | 'publicHost' | 'managementPort'>;
  config: Pick<BonoConfig, 'cdfIdentity' | 'bonoChargingSpoolDir'>;
  eventLog: EventLogConfig;
  /** Of several processes, which one this is. */
  worker: Readonly<{ own: number; count: number }> | undefined;
}>;

/** What CDF_IDENTITY needs where the edge is a process of its own; StartRefused says what is not so. */
export const checkChargingAlone = ({
  config,
  eventLog,
}: Pick<ChargingAloneOptions, 'config' | 'eventLog'>): void => {
  if (config.cdfIdentity !== '' && eventLog.eventLog !== 'kafka')
    throw new StartRefused('CDF_IDENTITY needs EVENT_LOG=kafka: a log of this edge alone is read by no Ralf');
};

/** undefined: nothing is charged at this edge. A log that is away does not hold up the start. */
export const openChargingAlone = async (options: ChargingAloneOptions, parts: ProcessParts): Promise<ChargingLog | undefined> => {
  const { common, config, eventLog, worker } = options;
  const { clock, random, logger, shutdown } = parts;
  checkChargingAlone(options);
  if (config.cdfIdentity === '') return undefined;
  const { dataDir, logRetentionDays, publicHost, managementPort } = common;
  const log = new LateLog({
    open: () =>
      openConfiguredLog(eventLog, {
        directory: dataDir,
        disk: nodeDisk,
        clock,
        random,
        retentionMs: logRetentionDays * A_DAY_MS,
        // Processes of one machine differ by this port.
        node: `${publicHost || hostname()}:${managementPort}`,
        ...createUpcasting(UPCASTERS),
        report: (message) => logger.warn({ part: 'log' }, message),
      }),
    clock,
    failed: (error) => logger.warn({ err: error }, 'the log cannot be opened: charging facts wait on disk'),
  });
  shutdown.on('close', 'log', () => log.close());
  const spoolDir = config.bonoChargingSpoolDir;
  return { log, spool: await openChargingSpool({ program: 'bono', dataDir, spoolDir, worker, log }, parts) };
}; // prettier-ignore
