// Where history reads when that is not the files of DATA_DIR: the archive, or the log on Kafka. Loaded when it is asked for: drivers and
// configuration take half a second. Used by main.ts.
import { UPCASTERS } from '#libs/domain';
import { comparePositions } from '#libs/decider';
import { type Archive, ArchiveConfig, openEventStoreDb } from '#libs/archive';
import {
  createUpcasting,
  type EventLog,
  EventLogConfig,
  openKafkaForReading,
  type RecordedEvent,
  type StartAt,
  type Topic,
} from '#libs/event-log';
import { type Clock, loadConfigOrExit, ProcessConfig, systemRandom } from '#libs/runtime';
import { recordedOf, verifyArchive } from '#projections/history-archive';
import { canBeStream, headsOf, type HistorySource, NOTHING } from './history-source.js';

/** Events handed over by a subscription and not taken yet: it waits for their reader. */
type Handed = Readonly<{ events: readonly RecordedEvent[]; taken: () => void }>;

const A_DAY_MS = 86_400_000;

/** The archive as the log would tell it. It is behind the log: what is to come is followed there. */
export const archiveSource = (archive: Archive): HistorySource => {
  const { upcast } = createUpcasting(UPCASTERS);
  async function* events(entries: ReturnType<Archive['readAll']>): AsyncGenerator<RecordedEvent> {
    for await (const entry of entries) {
      const recorded = recordedOf(entry, upcast);
      if (recorded) yield recorded;
    }
  }
  return {
    damage: undefined,
    read: (stream) => (canBeStream(stream) ? events(archive.read(stream)) : NOTHING),
    heads: (topics) => headsOf(inLogOrder(events(archive.readAll())), topics),
    follow() {
      throw new Error('the archive comes behind the log: follow that, without --from archive');
    },
    verify: () => verifyArchive(archive.readAll()),
    close: () => archive.close(),
  };
};

/** The archive writes the streams of a batch side by side, so that its order and the log's differ, by a batch or two at most. */
async function* inLogOrder(events: AsyncIterable<RecordedEvent>): AsyncGenerator<RecordedEvent> {
  const held: RecordedEvent[] = [];
  const sort = (): void =>
    void held.sort((a, b) => a.timeMs - b.timeMs || comparePositions(a.position, b.position));
  for await (const recorded of events) {
    held.push(recorded);
    if (held.length < 2 * BATCHES_MAX) continue;
    sort();
    yield* held.splice(0, BATCHES_MAX);
  }
  sort();
  yield* held;
}

/** Events of two batches. */
const BATCHES_MAX = 2_000;

/** The archive that EVENTSTORE_URL names, whether or not this machine writes it. */
export const openArchiveSource = async (clock: Clock): Promise<HistorySource> => {
  const { eventstoreUrl: url } = loadConfigOrExit(ArchiveConfig);
  return archiveSource(await openEventStoreDb({ url, clock }));
};

export const kafkaSource = (log: EventLog): HistorySource => ({
  damage: undefined,
  read: (stream) => (canBeStream(stream) ? log.read(stream) : NOTHING),
  heads: (topics, startAt) => headsOf(log.readAll(topics, startAt), topics),
  follow: (topics, startAt, signal) => followed(log, topics, startAt, signal),
  close: () => log.close(),
});

/** The log on Kafka that KAFKA_BROKERS and its like name. */
export const openKafkaSource = async (clock: Clock): Promise<HistorySource> => {
  const { upcast } = createUpcasting(UPCASTERS);
  const retentionMs = loadConfigOrExit(ProcessConfig).logRetentionDays * A_DAY_MS;
  const config = loadConfigOrExit(EventLogConfig);
  return kafkaSource(await openKafkaForReading(config, { clock, random: systemRandom, upcast, retentionMs }));
};

async function* followed(
  log: EventLog,
  topics: readonly Topic[],
  startAt: StartAt,
  signal: AbortSignal,
): AsyncGenerator<RecordedEvent> {
  const handed: Handed[] = [];
  let wake = (): void => undefined;
  let failure: unknown;
  // A log of many partitions goes on from cursors, which a place in one of them is not.
  const from = typeof startAt === 'string' || startAt.cursors ? startAt : 'newest';
  const subscription = await log.subscribe({
    topics,
    group: 'history',
    startAt: from,
    onBatch: (events) =>
      new Promise<void>((taken) => {
        handed.push({ events, taken });
        wake();
      }),
    onFailure(error) {
      failure = error;
      wake();
    },
  });
  const ended = (): void => wake();
  signal.addEventListener('abort', ended);
  try {
    while (!signal.aborted) {
      const next = handed.shift();
      if (next) {
        yield* next.events;
        next.taken();
      } else if (failure === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else throw failure instanceof Error ? failure : new Error('the log cannot be followed');
    }
  } finally {
    signal.removeEventListener('abort', ended);
    for (const { taken } of handed) taken();
    await subscription.stop();
  }
}
