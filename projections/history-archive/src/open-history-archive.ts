// The archive beside a running process: follows the log from where it is, behind everything else. While the archive is away nothing waits
// for it but this: the log keeps what is to come, and the lag says so. Used by the all-in-one's start.
import path from 'node:path';
import { type Archive } from '#libs/archive';
import { createUpcasting, type Upcaster } from '#libs/event-log';
import { type FollowOptions, type Projector, startProjector } from '#libs/projector';
import { type Clock, LATENCY_BUCKETS_MS, loadKeyFile, type Logger } from '#libs/runtime';
import { createSqliteTableStore, type SqliteDatabase } from '#libs/stores';
import { ArchiveSink } from './archive-sink.js';
import { historyArchive } from './history-archive.js';
import { type ChainHead, headStream, signedHead, signerOf, type Signer } from './signed-head.js';

/** Between signed heads, of the chains that have grown. */
export const HEADS_INTERVAL_MS = 60_000;
/** At the end: for the batch in hand; then it is left, and found by the next start. */
export const ARCHIVE_STOP_MS_MAX = 2_000;

export type HistoryArchiveOptions = FollowOptions &
  Readonly<{ archive: Archive; database: SqliteDatabase; dataDir: string; upcasters: readonly Upcaster[] }>;

export interface HistoryArchive {
  readonly projector: Projector;
  stop(): Promise<void>;
}

/** Resolves at once, also where the archive is away. */
export const openHistoryArchive = async (options: HistoryArchiveOptions): Promise<HistoryArchive> => {
  const { archive, database, dataDir, clock, logger } = options;
  const table = await createSqliteTableStore<ChainHead>({ database, name: historyArchive.name });
  const metrics = archiveMetrics(options);
  const sink = new ArchiveSink({
    archive,
    table,
    versionOf: createUpcasting(options.upcasters).versionOf,
    report: (message) => logger.warn({ view: historyArchive.name }, message),
    onWritten: metrics.written,
  });
  const ledger = options.ledger?.(historyArchive.name);
  const projector = await startProjector({
    log: options.log,
    clock,
    projection: historyArchive,
    sink: metrics.watched(sink),
    ...(ledger === undefined ? {} : { ledger }),
    onProgress: ({ behindMs }) => metrics.lag.observe(behindMs),
    report: (message) => logger.warn({ view: historyArchive.name }, message),
    onFailure: (error) => options.onFailure(historyArchive.name, error),
  });
  metrics.parked(() => projector.parked().length);
  const signer = signerOf(loadKeyFile(path.join(dataDir, 'archive-signing.key'), 'archive signing key'));
  const stopSigning = signHeads({ sink, archive, clock, logger, signer });
  return {
    projector,
    async stop() {
      stopSigning();
      const stopped = projector.stop();
      const cancel = clock.after(ARCHIVE_STOP_MS_MAX, () => void archive.close());
      await stopped.finally(cancel);
      await archive.close();
    },
  };
};

type Watched = Pick<ArchiveSink, 'apply' | 'checkpoint' | 'clear'>;

const archiveMetrics = ({ metrics, clock }: HistoryArchiveOptions) => {
  const events = metrics.counter('archive_events_total', 'Events written to the archive');
  const known = metrics.counter('archive_known_events_total', 'Events that came again and were there');
  const lag = metrics.histogram(
    'projection_history_archive_lag_ms',
    'Age of events archived, ms',
    LATENCY_BUCKETS_MS,
  );
  /** Wall time of the oldest event in hand. */
  let oldestMs: number | undefined;
  metrics.gauge('archive_behind_ms', 'Age of the oldest event that waits for the archive, ms', () =>
    oldestMs === undefined ? 0 : Math.max(0, clock.nowMs() - oldestMs),
  );
  let isAway = false;
  metrics.gauge('archive_away', '1 while the archive takes nothing', () => (isAway ? 1 : 0));
  const watched = (sink: Watched): Watched => ({
    checkpoint: () => sink.checkpoint(),
    clear: () => sink.clear(),
    async apply(batch, checkpoint) {
      oldestMs ??= batch[0]?.timeMs;
      try {
        await sink.apply(batch, checkpoint);
        isAway = false;
        oldestMs = undefined;
      } catch (error) {
        isAway = true;
        throw error;
      }
    },
  });
  return {
    lag,
    watched,
    written: (written: number, there: number): void => {
      events.n += written;
      known.n += there;
    },
    parked: (read: () => number) =>
      metrics.gauge('projection_history_archive_parked_streams', 'Streams parked by history-archive', read),
  };
};

type Signing = Readonly<{
  sink: ArchiveSink;
  archive: Archive;
  clock: Clock;
  logger: Logger;
  signer: Signer;
}>;

/** Signs from time to time; what cannot be written is signed the next time. */
const signHeads = ({ sink, archive, clock, logger, signer }: Signing): (() => void) => {
  const signed = new Map<string, string>();
  let cancel = (): void => undefined;
  const round = async (): Promise<void> => {
    for (const head of sink.heads()) {
      if (signed.get(head.place) === head.hash) continue;
      await archive.append(headStream(head.place), [signedHead(head, clock.nowMs(), signer)], 'anywhere');
      signed.set(head.place, head.hash);
    }
  };
  const again = (): void => {
    cancel = clock.after(HEADS_INTERVAL_MS, () => {
      // Set for the next round before this one: the end of the process cancels it.
      again();
      round().catch((error: unknown) => logger.debug({ err: error }, 'heads of the archive are not signed'));
    });
  };
  again();
  return () => cancel();
};
