// DATA_DIR as a running process has it: opened from its configuration, closed at its end, and a view that stops shown in
// /healthz. Used by the start-up of the all-in-one and of each app alone; what is folded into the views is theirs.
import { EventLogConfig, type Upcaster } from '#libs/event-log';
import { loadConfigOrExit, type ProcessConfig, type ProcessParts } from '#libs/runtime';
import { type DataDir, openDataDir } from './data-dir.js';
import type { FollowOptions } from './follow-log.js';

export type ProcessData = Omit<DataDir, 'close'> &
  Readonly<{
    /** What followLog takes, for each view of the process. */
    follow: FollowOptions;
    /** All views show what the log holds: ready to serve; `stop` runs when the process ends, before the log closes. */
    serve(stop: () => Promise<void>): void;
  }>;

/** Opens DATA_DIR. Rejects as openDataDir does. */
export const openProcessData = async (
  { dataDir, logRetentionDays }: Pick<ProcessConfig, 'dataDir' | 'logRetentionDays'>,
  { clock, random, logger, metrics, health, shutdown }: ProcessParts,
  upcasters: readonly Upcaster[],
): Promise<ProcessData> => {
  const part = health.part('views');
  const data = await openDataDir({
    dataDir,
    logRetentionDays,
    eventLog: loadConfigOrExit(EventLogConfig),
    upcasters,
    clock,
    random,
    logger,
    metrics,
    health: health.part('log'),
  });
  shutdown.on('close', 'storage', () => data.close());
  const { log, database, ledger } = data;
  return {
    log,
    database,
    ledger,
    follow: {
      log,
      ledger,
      clock,
      logger,
      metrics,
      onFailure(view, error) {
        logger.error({ view, err: error }, 'a view cannot follow the log');
        part.notReady(`${view} stopped`);
      },
    },
    serve(stop) {
      shutdown.on('flush', 'views', stop);
      part.ready();
    },
  };
};
