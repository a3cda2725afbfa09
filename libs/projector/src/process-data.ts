// DATA_DIR as a running process has it, with the engines that hold some of it instead where the configuration says so: opened, closed at
// its end, and a view that stops shown in /healthz.
// Used by the start-up of the all-in-one and of each app alone; what is folded into the views is theirs.
import { hostname } from 'node:os';
import { EventLogConfig, type Upcaster } from '#libs/event-log';
import { loadConfigOrExit, type ProcessConfig, type ProcessParts } from '#libs/runtime';
import { createCassandraTableStore, type Engines, openEngines, StoresConfig } from '#libs/stores';
import { type DataDir, openDataDir } from './data-dir.js';
import type { FollowOptions } from './follow-log.js';
import { createTableLedger, type LedgerRow } from './projection-ledger.js';

export type ProcessData = Omit<DataDir, 'close'> &
  Readonly<{
    /** Those that are configured. */
    engines: Engines;
    /** Other processes may write the log too. */
    isLogShared: boolean;
    /** What followLog takes, for each view of the process. */
    follow: FollowOptions;
    /** The same for views in tables: their versions are remembered where the tables are. */
    followTables: FollowOptions;
    /** All views show what the log holds: ready to serve; `stop` runs when the process ends, before the log closes. */
    serve(stop: () => Promise<void>): void;
  }>;

/** A process that is new to a keyspace must not take its views for those of an older version, and rebuild them under others. */
const followTables = async (follow: FollowOptions, { cassandra }: Engines): Promise<FollowOptions> => {
  if (cassandra === undefined) return follow;
  const table = await createCassandraTableStore<LedgerRow>({ database: cassandra, name: 'projections' });
  return { ...follow, ledger: (projection) => createTableLedger(projection, table) };
};

type NodeConfig = Pick<ProcessConfig, 'dataDir' | 'logRetentionDays' | 'publicHost' | 'managementPort'>;

/** Opens engines and DATA_DIR. Rejects as openEngines and openDataDir do. */
export const openProcessData = async (
  { dataDir, logRetentionDays, publicHost, managementPort }: NodeConfig,
  parts: ProcessParts,
  upcasters: readonly Upcaster[],
  stores = new StoresConfig(),
  eventLog = loadConfigOrExit(EventLogConfig),
): Promise<ProcessData> => {
  const { clock, random, logger, metrics, health, shutdown } = parts;
  const part = health.part('views');
  const engines = await openEngines(stores, parts);
  const data = await openDataDir({
    dataDir,
    logRetentionDays,
    eventLog,
    // Processes of one machine differ by this port.
    node: `${publicHost || hostname()}:${managementPort}`,
    upcasters,
    mayWrite: parts.mayWrite,
    clock,
    random,
    logger,
    metrics,
    health: health.part('log'),
  });
  shutdown.on('close', 'storage', () => data.close());
  const { log, database, ledger } = data;
  const follow: FollowOptions = {
    log,
    ledger,
    clock,
    logger,
    metrics,
    onFailure(view, error) {
      logger.error({ view, err: error }, 'a view cannot follow the log');
      part.notReady(`${view} stopped`);
    },
  };
  return {
    log,
    isLogShared: eventLog.eventLog === 'kafka',
    database,
    ledger,
    engines,
    follow,
    followTables: await followTables(follow, engines),
    serve(stop) {
      shutdown.on('flush', 'views', stop);
      part.ready();
    },
  };
};
