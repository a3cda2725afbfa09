// Where history reads: the log, read-only, while the product may be writing it.
// Here of the embedded log's reader; of the archive and of Kafka in other-sources.ts. Read by the queries.
import {
  createUpcasting,
  LogDamaged,
  openLogReader,
  TOPIC_OF_CATEGORY,
  type EventHead,
  type FilePort,
  type RecordedEvent,
  type StartAt,
  type Topic,
} from '#libs/event-log';
import { categoryOf, UPCASTERS } from '#libs/domain';
import type { Clock } from '#libs/runtime';
import type { ChainReport } from '#projections/history-archive';

export interface HistorySource {
  /** Who wrote all of it, where one process did. */
  readonly node?: string;
  /** What the log was found to be damaged by. What stands before it was read; the readers below end there. */
  readonly damage: LogDamaged | undefined;
  /** The events of one stream, oldest first; nothing for a stream that is not there. */
  read(stream: string): AsyncIterable<RecordedEvent>;
  /** All events of the topics in order, up to the newest one at the call, by their heads: what is parsed is asked for. */
  heads(topics: readonly Topic[], startAt: StartAt): AsyncIterable<readonly EventHead[]>;
  /** From a place on and then as they come, until the signal. */
  follow(topics: readonly Topic[], startAt: StartAt, signal: AbortSignal): AsyncIterable<RecordedEvent>;
  /** Of an archive: is it whole? */
  verify?(): Promise<ChainReport>;
  close?(): Promise<void>;
}

export type SourceOptions = Readonly<{ directory: string; disk: FilePort; clock: Clock }>;

const STREAM_LENGTH_MAX = 1_024;

/** The log of a data directory, which another process may own. Rejects when there is none. */
export const openHistorySource = async ({
  directory,
  disk,
  clock,
}: SourceOptions): Promise<HistorySource> => {
  const { upcast } = createUpcasting(UPCASTERS);
  const reader = await openLogReader({ directory, disk, upcast });
  let damage: LogDamaged | undefined;
  /** What can be read of a damaged log is worth more than nothing: it ends there, and whoever asked is told at the end. */
  async function* upToDamage<T>(events: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* events;
    } catch (error) {
      if (!(error instanceof LogDamaged)) throw error;
      damage = error;
    }
  }
  return {
    // One process owns a folder, and it alone writes there.
    node: `the node of ${directory}`,
    get damage() {
      return damage;
    },
    // Whoever asks may have mistyped: a name that no stream can have is a stream without events.
    read: (stream) => (canBeStream(stream) ? upToDamage(reader.read(stream)) : NOTHING),
    heads: (topics, startAt) => upToDamage(reader.heads(topics, startAt)),
    follow: (topics, startAt, signal) => upToDamage(reader.follow(topics, startAt, { clock, signal })),
  };
};

/** The head of an event that is whole already. */
export const headOf = (recorded: RecordedEvent): EventHead => ({
  stream: recorded.stream,
  topic: recorded.topic,
  timeMs: recorded.timeMs,
  offset: recorded.position.offset,
  mentions: (json) => JSON.stringify(recorded.event.data).includes(json),
  event: () => recorded,
});

/** Some at a time. */
export async function* headsOf(
  events: AsyncIterable<RecordedEvent>,
  topics: readonly Topic[],
): AsyncGenerator<readonly EventHead[]> {
  let heads: EventHead[] = [];
  for await (const recorded of events) {
    if (topics.includes(recorded.topic)) heads.push(headOf(recorded));
    if (heads.length < HEADS_AT_ONCE) continue;
    yield heads;
    heads = [];
  }
  if (heads.length > 0) yield heads;
}

const HEADS_AT_ONCE = 1_000;

export const canBeStream = (name: string): boolean =>
  name.length <= STREAM_LENGTH_MAX &&
  name.includes('-') &&
  Object.hasOwn(TOPIC_OF_CATEGORY, categoryOf(name));

export const NOTHING: AsyncIterable<RecordedEvent> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};
