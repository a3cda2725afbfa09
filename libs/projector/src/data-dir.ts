// DATA_DIR as every program with a log opens it: folder, log, SQLite database of the views, and their ledger. One process owns
// the folder; a second one is refused by the log's lock. What a program keeps beside these it opens on the database itself.
// Used by the start-up of the all-in-one and of each app alone.
import path from 'node:path';
import {
  BrokersUnreachable,
  createUpcasting,
  DirectoryInUse,
  EventLogConfig,
  LogDamaged,
  type MayWrite,
  nodeDisk,
  openConfiguredLog,
  OtherLog,
  type ProcessLog,
  TopicsUnfit,
  type Upcaster,
} from '#libs/event-log';
import {
  type Clock,
  type HealthPart,
  LATENCY_BUCKETS_MS,
  type Logger,
  makePrivateFolder,
  type Metrics,
  type Random,
  StartRefused,
} from '#libs/runtime';
import {
  createSqliteTableStore,
  DatabaseDamaged,
  openWholeDatabase,
  setAside,
  type SqliteDatabase,
} from '#libs/stores';
import { createTableLedger, type LedgerRow, type ProjectionLedger } from './projection-ledger.js';

export type DataDirOptions = Readonly<{
  /** ProcessConfig. */
  dataDir: string;
  logRetentionDays: number;
  /** Where events are; embedded when absent. */
  eventLog?: EventLogConfig;
  /** This process among those that write one log. */
  node?: string;
  /** Those of the domain: old events are folded in today's shape. */
  upcasters: readonly Upcaster[];
  /** Of additions to events: what all who read the log know. Default: all. */
  mayWrite?: MayWrite | undefined;
  clock: Clock;
  random: Random;
  logger: Logger;
  metrics: Metrics;
  /** Shows how the log is. */
  health: HealthPart;
}>;

export interface DataDir {
  readonly log: ProcessLog;
  readonly database: SqliteDatabase;
  /** Versions and parked events of a projection, over restarts. */
  readonly ledger: (projection: string) => ProjectionLedger;
  close(): Promise<void>;
}

const A_DAY_MS = 86_400_000;
const LOG_LOOK_MS = 1_000;

/** What an operator has to mend. */
const OPERATORS = [BrokersUnreachable, DirectoryInUse, LogDamaged, OtherLog, TopicsUnfit];

const openLog = (options: DataDirOptions): Promise<ProcessLog> => {
  const { dataDir, logRetentionDays, upcasters, clock, random, logger, metrics } = options;
  const events = metrics.counter('log_events_appended_total', 'Events made durable');
  const commits = metrics.histogram('log_commit_ms', 'Duration of a group commit, ms', LATENCY_BUCKETS_MS);
  return openConfiguredLog(options.eventLog ?? new EventLogConfig(), {
    directory: dataDir,
    disk: nodeDisk,
    clock,
    random,
    retentionMs: logRetentionDays * A_DAY_MS,
    ...createUpcasting(upcasters, options.mayWrite),
    ...(options.node === undefined ? {} : { node: options.node }),
    waitsForBrokers: true,
    onCommit(count, _bytes, tookMs) {
      events.n += count;
      commits.observe(tookMs);
    },
    report: (message) => logger.warn({ part: 'log' }, message),
  }).catch((error: unknown) => {
    // An operator needs the sentence, not the stack.
    if (OPERATORS.some((fault) => error instanceof fault))
      throw new StartRefused((error as Error).message, { cause: error });
    throw error;
  });
};

/** Tells /healthz how the log is, now and from time to time: it stops for good when its disk cannot be trusted. */
const watchLog = (clock: Clock, log: ProcessLog, part: HealthPart): (() => void) => {
  let cancel = (): void => undefined;
  const look = (): void => {
    const { ok, reason } = log.health();
    if (ok) part.ready();
    else part.notReady(reason ?? 'the log has stopped');
    cancel = clock.after(LOG_LOOK_MS, look);
  };
  look();
  return () => cancel();
};

/** A damaged file of views is set aside: the log has all that was in it. Credentials have a file of their own. */
const openViews = async ({ dataDir, clock, logger }: DataDirOptions): Promise<SqliteDatabase> => {
  const file = path.join(dataDir, 'views.sqlite');
  const onFault = (reason: string): void => logger.error({ part: 'views' }, reason);
  try {
    return await openWholeDatabase({ file, clock, onFault });
  } catch (error) {
    if (!(error instanceof DatabaseDamaged)) throw error;
    const aside = setAside(file, clock.nowMs());
    logger.error({ part: 'views' }, `${error.message}; kept as ${aside}, views are rebuilt from the log`);
    return openWholeDatabase({ file, clock, onFault });
  }
};

/** Rejects with StartRefused (folder in use, log damaged) or what the operating system says; nothing stays open then. */
export const openDataDir = async (options: DataDirOptions): Promise<DataDir> => {
  const { dataDir, clock, logger } = options;
  makePrivateFolder(dataDir);
  const log = await openLog(options);
  const stopWatching = watchLog(clock, log, options.health);
  options.metrics.gauge('log_away', '1 while the log takes no appends', () =>
    log.health().reason === undefined ? 0 : 1,
  );
  let views: SqliteDatabase | undefined;
  const close = async (): Promise<void> => {
    stopWatching();
    // The log first: what it still takes may go on into the views.
    await log.close().finally(() => views?.close());
  };
  try {
    const database = await openViews(options);
    views = database;
    const ledgers = await createSqliteTableStore<LedgerRow>({ database, name: 'projections' });
    return { log, database, ledger: (projection) => createTableLedger(projection, ledgers), close };
  } catch (error) {
    await close().catch((err: unknown) => logger.error({ err }, 'closing what was opened'));
    throw error;
  }
};
