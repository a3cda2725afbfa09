// The log on Kafka: the same port, any number of processes (docs/architecture.md §2, docs/adr/0010). Appends go out through one lane,
// expect streams wait for the verdict that every node comes to, subscribers follow partitions from their checkpoints.
import type { Position } from '#libs/decider';
import type { Clock, Random } from '#libs/runtime';
import {
  AppendRefused,
  PositionUnknown,
  TOPICS,
  type AppendOptions,
  type DomainEvent,
  type EventLog,
  type RecordedEvent,
  type StartAt,
  type SubscribeOptions,
  type Subscription,
  type Topic,
} from '../../event-log.port.js';
import { placeInLog } from '../../copy/original-position.js';
import { topicOf } from '../embedded/topic-of.js';
import { AppendRequest } from './append-request.js';
import { decodeRecord, type FetchedRecord, sourceOf, type Upcast } from './cloud-events.js';
import { ExpectView, isExpectTopic } from './expect-view.js';
import { isOf, JudgedStreams } from './judged-streams.js';
import { BrokersUnreachable, TopicsUnfit } from './kafka-faults.js';
import { KafkaConnection, type KafkaBrokers, textOf } from './kafka-connection.js';
import { checkpointOf, KafkaSubscription } from './kafka-subscription.js';
import { KAFKA_LIMITS, type KafkaLimits } from './limits.js';
import { KafkaLogReader } from './log-reader.js';
import { partitionOf, partsOf, placeOf, placesOf, topicName, type Place } from './partitions.js';
import { ProduceLane } from './produce-lane.js';
import { onceUsable } from './once-usable.js';
import { ensureTopics } from './topics.js';

const EVENTS_PER_APPEND_MAX = 1_000;

export type KafkaLogOptions = Readonly<{
  connection: KafkaBrokers;
  /** Who appends, told with each event. Default: the client's name. */
  node?: string;
  /** Before the topics' names, so that several cores can share a cluster. */
  topicPrefix: string;
  generation: number;
  partitions: number;
  /** One broker is enough, for development: one replica. */
  isSingle: boolean;
  retentionMs: number;
  clock: Clock;
  random: Random;
  limits?: Partial<KafkaLimits>;
  /** Schema version that an event is written with; 1 when absent. */
  versionOf?: (stream: string, type: string) => number;
  /** Applied to each event read. */
  upcast?: Upcast;
  /** For metrics: events, bytes and milliseconds of each produce request. */
  onCommit?: (events: number, bytes: number, tookMs: number) => void;
  /** Tells an operator of brokers that cannot be reached. */
  report?: (message: string) => void;
  /** How long a start waits for brokers that cannot be used yet. Default: one try. */
  startTimeoutMs?: number;
  /** Called at the end of close. */
  onClosed?: () => Promise<void>;
}>;

/** What the log on Kafka has beside the port. */
export interface KafkaLog extends EventLog {
  readonly generation: number;
  /** How much there was when it was opened, as a checkpoint that has read all of it tells it; undefined: nothing. */
  readonly head: Position | undefined;
  health(): Readonly<{ ok: boolean; reason?: string }>;
  /** Events that each subscriber has not handled yet; asks the brokers. */
  lags(): Promise<readonly Readonly<{ group: string; lag: number }>[]>;
}

/**
 * Opens the log, and makes its topics where there are none. Brokers that cannot be used yet are tried again for `startTimeoutMs`: they may be
 * starting too. Rejects with TopicsUnfit or BrokersUnreachable.
 */
export const createKafkaLog = (options: KafkaLogOptions): Promise<KafkaLog> =>
  onceUsable(options, () => openOnce(options));

const openOnce = async (options: KafkaLogOptions): Promise<KafkaLog> => {
  const { topicPrefix, generation, partitions, isSingle, retentionMs } = options;
  const limits = { ...KAFKA_LIMITS, ...options.limits };
  const connection = new KafkaConnection(options.connection, limits.readTimeoutMs);
  const log = new KafkaEventLog(options, limits);
  try {
    const nameOf = (topic: Topic): string => topicName(topicPrefix, generation, topic);
    await ensureTopics(connection, { nameOf, partitions, isSingle, retentionMs, clock: options.clock });
    await log.open();
    return log;
  } catch (error) {
    if (error instanceof TopicsUnfit) throw error;
    const names = options.connection.brokers.join(', ');
    throw new BrokersUnreachable(`Kafka (${names}) cannot be used: ${textOf(error)}`, { cause: error });
  } finally {
    connection.destroy();
  }
};

class KafkaEventLog implements KafkaLog {
  readonly generation: number;
  head: Position | undefined;
  private readonly nameOf: (topic: Topic) => string;
  private readonly reader: KafkaLogReader;
  private readonly lane: ProduceLane;
  private readonly expects: ExpectView;
  private readonly judged: JudgedStreams;
  private readonly subscriptions = new Set<KafkaSubscription>();
  private readonly idPrefix: string;
  private readonly source: string;
  private ids = 0;
  private isClosed = false;

  constructor(
    private readonly options: KafkaLogOptions,
    private readonly limits: KafkaLimits,
  ) {
    const { clock, random, report, onCommit, partitions, generation, topicPrefix, connection } = options;
    this.generation = generation;
    this.nameOf = (topic) => topicName(topicPrefix, generation, topic);
    this.idPrefix = `${random.token(16)}-`;
    this.source = sourceOf(options.node ?? connection.clientId);
    const { nameOf } = this;
    const connectToRead = (): KafkaConnection => new KafkaConnection(connection, limits.readTimeoutMs);
    this.reader = new KafkaLogReader({
      connect: connectToRead,
      nameOf,
      topics: TOPICS,
      partitions,
      limits,
      clock,
    });
    this.lane = new ProduceLane({
      connect: () => new KafkaConnection(connection, limits.produceTimeoutMs),
      reader: new KafkaLogReader({
        connect: () => new KafkaConnection(connection, limits.produceTimeoutMs),
        nameOf,
        topics: TOPICS,
        partitions,
        limits,
        clock,
        attemptsMax: 1, // the lane tries again itself, and by then perhaps nobody waits any more
      }),
      topics: TOPICS,
      nameOf,
      limits,
      clock,
      report,
      onCommit,
    });
    this.expects = new ExpectView({
      connect: connectToRead,
      nameOf,
      reader: this.reader,
      partitions,
      limits,
      clock,
      report,
    });
    this.judged = new JudgedStreams({
      generation,
      clock,
      limits,
      expects: this.expects,
      reader: this.reader,
      send: (stream, events, appended) => this.send(stream, topicOf(stream), events, appended),
      decode: (place, records) => this.decode(place, records),
    });
  }

  async open(): Promise<void> {
    const head = checkpointOf(this.generation, await this.reader.ends(TOPICS));
    this.head = head.offset === 0 ? undefined : head;
  }

  async append(
    stream: string,
    events: readonly DomainEvent[],
    options: AppendOptions = {},
  ): Promise<readonly Position[]> {
    const topic = topicOf(stream);
    const isExpect = isExpectTopic(topic);
    if (options.expected !== undefined && !isExpect)
      throw new Error(`${stream} keeps no revisions, so nothing can be expected of it`);
    if (this.isClosed) throw new AppendRefused('the log is closed');
    if (events.length > EVENTS_PER_APPEND_MAX)
      throw new AppendRefused(`more than ${EVENTS_PER_APPEND_MAX} events`, true);
    if (isExpect) return this.judged.append(stream, this.placeOf(stream, topic), events, options);
    if (events.length === 0) return [];
    return this.send(stream, topic, events, options).answered;
  }

  async *read(stream: string, fromRevision = 1): AsyncGenerator<RecordedEvent> {
    const topic = topicOf(stream);
    const place = this.placeOf(stream, topic);
    if (isExpectTopic(topic)) {
      yield* this.judged.read(stream, place, fromRevision);
      return;
    }
    const [starts, ends] = await Promise.all([this.reader.starts([topic]), this.reader.ends([topic])]);
    let revision = 0;
    for await (const records of this.reader.range(place, starts.get(place) ?? 0, ends.get(place) ?? 0)) {
      for (const recorded of await this.decode(
        place,
        records.filter((record) => isOf(record, stream)),
      )) {
        if (recorded.unreadable !== undefined) throw new Error(recorded.unreadable);
        revision++;
        if (revision >= fromRevision) yield { ...recorded, revision };
      }
    }
  }

  async *readAll(topics: readonly Topic[], startAt: StartAt): AsyncGenerator<RecordedEvent> {
    const ends = await this.reader.ends(topics);
    const from = await this.cursorsAt(topics, startAt);
    for (const [place, next] of from) {
      for await (const records of this.reader.range(place, next, ends.get(place) ?? 0))
        yield* await this.decode(place, records);
    }
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    if (this.isClosed) throw new Error('the log is closed');
    const { limits, nameOf } = this;
    const { clock, report, connection } = this.options;
    const from = await this.cursorsAt(options.topics, options.startAt);
    const subscription: KafkaSubscription = new KafkaSubscription({
      ...options,
      from,
      nameOf,
      limits,
      clock,
      report,
      generation: this.generation,
      connect: () => new KafkaConnection(connection, limits.readTimeoutMs),
      decode: (place, records, givesUp) => this.decode(place, records, givesUp),
      ends: (topics) => this.reader.ends(topics),
      onEnd: () => this.subscriptions.delete(subscription),
    });
    this.subscriptions.add(subscription);
    return subscription;
  }

  health(): Readonly<{ ok: boolean; reason?: string }> {
    if (this.isClosed) return { ok: false, reason: 'the log is closed' };
    const { trouble } = this.lane;
    // Calls go on without it, so the process stays ready; it says so, and its metric does.
    return trouble === undefined ? { ok: true } : { ok: true, reason: `Kafka takes no appends: ${trouble}` };
  }

  async lags(): Promise<readonly Readonly<{ group: string; lag: number }>[]> {
    const ends = await this.reader.ends(TOPICS);
    return [...this.subscriptions].map((each) => ({ group: each.group, lag: each.lagTo(ends) }));
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.lane.close();
    await Promise.all([...this.subscriptions].map((subscription) => subscription.stop()));
    await this.expects.stop();
    this.reader.close();
    await this.options.onClosed?.();
  }

  private placeOf(stream: string, topic: Topic): Place {
    return placeOf(topic, partitionOf(stream, this.options.partitions));
  }

  private send(
    stream: string,
    topic: Topic,
    events: readonly DomainEvent[],
    options: AppendOptions,
  ): AppendRequest {
    const { clock, versionOf = () => 1 } = this.options;
    if (this.isClosed) throw new AppendRefused('the log is closed');
    const request = new AppendRequest({
      generation: this.generation,
      stream,
      topic,
      place: this.placeOf(stream, topic),
      events,
      options,
      timeMs: clock.nowMs(),
      enqueuedMs: clock.monotonicMs(),
      source: this.source,
      ids: events.map(() => this.idPrefix + (this.ids++).toString(36)),
      versionOf,
    });
    if (request.bytes > this.limits.appendBytesMax) throw new AppendRefused('the events are too large', true);
    const refusal = this.lane.refusal(request.bytes);
    if (refusal !== undefined) throw new AppendRefused(refusal);
    this.lane.add(request);
    return request;
  }

  /** The events of records; of expect topics the accepted ones, with their revisions. */
  private async decode(
    place: Place,
    records: readonly FetchedRecord[],
    givesUp?: AbortSignal,
  ): Promise<readonly RecordedEvent[]> {
    const last = records.at(-1);
    if (!last) return [];
    const { topic, partition } = partsOf(place);
    const { generation } = this;
    const events = records.map((record) =>
      decodeRecord(
        record,
        topic,
        { generation, partition, offset: Number(record.offset) },
        this.options.upcast,
      ),
    );
    if (!isExpectTopic(topic)) return events;
    await this.expects.passed(place, Number(last.offset) + 1, givesUp);
    const fold = this.expects.foldOf(place);
    return events.flatMap((recorded) => {
      const revision = fold.revisionAt(recorded.stream, placeInLog(recorded).offset);
      return revision === undefined ? [] : [{ ...recorded, revision }];
    });
  }

  /** Where to begin in each partition. Rejects with PositionUnknown when the log does not hold what follows there. */
  private async cursorsAt(topics: readonly Topic[], startAt: StartAt): Promise<ReadonlyMap<Place, number>> {
    if (startAt === 'newest') return this.reader.ends(topics);
    const starts = await this.reader.starts(topics);
    if (startAt === 'oldest') return starts;
    const { generation, cursors } = startAt;
    if (generation !== this.generation)
      throw new PositionUnknown(
        `position of generation ${generation}, but the log is generation ${this.generation}`,
      );
    if (!cursors) throw new PositionUnknown('a position without cursors is not of a log with partitions');
    const ends = await this.reader.ends(topics);
    const from = new Map<Place, number>();
    for (const place of placesOf(topics, this.options.partitions)) {
      const [start, end] = [starts.get(place) ?? 0, ends.get(place) ?? 0];
      // A topic that the reader did not read before is read from its start.
      const next = cursors[place] ?? start;
      if (next > end)
        throw new PositionUnknown(`${place}: position ${next} is beyond the end of the log, ${end}`);
      if (next < start)
        throw new PositionUnknown(`${place}: events ${next} to ${start - 1} are no longer in the log`);
      from.set(place, next);
    }
    return from;
  }
}
