// Everything that DATA_DIR holds, opened together: the log, the views, the credentials, the keys.
// One process owns the folder; a second one is refused by the log's lock.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UPCASTERS } from '#libs/domain';
import { createEmbeddedLog, createUpcasting, type EmbeddedLog, nodeDisk } from '#libs/event-log';
import { createTableLedger, type LedgerRow, type ProjectionLedger } from '#libs/projector';
import type { Clock, Logger, Metrics, Random } from '#libs/runtime';
import { LATENCY_BUCKETS_MS } from '#libs/runtime';
import {
  createMemoryKeyValueStore,
  createSealedCredentialStore,
  createSqliteTableStore,
  type CredentialStore,
  type KeyValueStore,
  loadMasterKey,
  openSqliteDatabase,
} from '#libs/stores';
import type { LiveChallenges } from '#apps/sprout';
import { SubscriberProfiles, type SubscriberProfilesRow } from '#projections/subscriber-profiles';

export type StorageOptions = Readonly<{
  dataDir: string;
  masterKeyFile: string;
  logRetentionDays: number;
  clock: Clock;
  random: Random;
  logger: Logger;
  metrics: Metrics;
}>;

export interface Storage {
  readonly log: EmbeddedLog;
  readonly profiles: SubscriberProfiles;
  readonly credentials: CredentialStore;
  readonly challenges: KeyValueStore<LiveChallenges>;
  /** Versions and parked events of a projection, over restarts. */
  readonly ledger: (projection: string) => ProjectionLedger;
  /** Signs flow tokens; outlives the process, so that UDP flows do too. */
  readonly flowTokenKey: Buffer;
  close(): Promise<void>;
}

const FLOW_TOKEN_KEY_BYTES = 32;

/** A key file of mode 600, made when absent. */
const keyFile = (file: string, random: Random): Buffer => {
  try {
    const key = readFileSync(file);
    if (key.length === FLOW_TOKEN_KEY_BYTES) return key;
    throw new Error(
      `${file} holds ${key.length} bytes, not ${FLOW_TOKEN_KEY_BYTES}: remove it to have a new one made`,
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = random.bytes(FLOW_TOKEN_KEY_BYTES);
  writeFileSync(file, made, { mode: 0o600 });
  return made;
};

const A_DAY_MS = 86_400_000;

const openLog = ({
  dataDir,
  logRetentionDays,
  clock,
  random,
  logger,
  metrics,
}: StorageOptions): Promise<EmbeddedLog> => {
  const events = metrics.counter('log_events_appended_total', 'Events made durable');
  const commits = metrics.histogram('log_commit_ms', 'Duration of a group commit, ms', LATENCY_BUCKETS_MS);
  return createEmbeddedLog({
    directory: dataDir,
    disk: nodeDisk,
    clock,
    random,
    retentionMs: logRetentionDays * A_DAY_MS,
    ...createUpcasting(UPCASTERS),
    onCommit(count, _bytes, tookMs) {
      events.n += count;
      commits.observe(tookMs);
    },
    report: (message) => logger.warn({ part: 'log' }, message),
  });
};

/** Opens everything. Rejects with DirectoryInUse, LogDamaged or what the operating system says. */
export const openStorage = async (options: StorageOptions): Promise<Storage> => {
  const { dataDir, clock, random, logger } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const log = await openLog(options);
  const database = await openSqliteDatabase({
    file: path.join(dataDir, 'views.sqlite'),
    clock,
    onFault: (reason) => logger.error({ part: 'views' }, reason),
  });
  const table = await createSqliteTableStore<SubscriberProfilesRow>({
    database,
    name: 'subscriber-profiles',
  });
  const ledgers = await createSqliteTableStore<LedgerRow>({ database, name: 'projections' });
  const masterKey = await loadMasterKey(options.masterKeyFile || path.join(dataDir, 'master.key'));
  const credentials = await createSealedCredentialStore({ database, masterKey, clock });
  return {
    log,
    credentials,
    profiles: new SubscriberProfiles({ table, readStream: (stream, from) => log.read(stream, from) }),
    ledger: (projection) => createTableLedger(projection, ledgers),
    challenges: createMemoryKeyValueStore<LiveChallenges>({ name: 'challenges', clock }),
    flowTokenKey: keyFile(path.join(dataDir, 'flow-token.key'), random),
    async close() {
      await log.close();
      await database.close();
    },
  };
};
