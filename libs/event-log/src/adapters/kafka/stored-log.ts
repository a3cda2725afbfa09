// The topics of one generation as a copy reads and writes them. What is accepted of expect topics is judged here as everywhere: by the
// records alone (expect-fold.ts). Used by open-copy.ts.
import kafkajs, { type Producer } from 'kafkajs';
import type { Clock } from '#libs/runtime';
import { CopyRefused, type CopyTarget, type StoredEvent } from '../../copy/stored-log.port.js';
import { TOPICS, type Topic } from '../../event-log.port.js';
import { decodeHead, decodeStored, encodeRecord, type FetchedRecord, sourceOfCopy } from './cloud-events.js';
import { ExpectFold } from './expect-fold.js';
import { isExpectTopic } from './expect-view.js';
import { type KafkaBrokers, KafkaConnection } from './kafka-connection.js';
import { KAFKA_LIMITS } from './limits.js';
import { KafkaLogReader } from './log-reader.js';
import { inTimeOrder } from './merge-lanes.js';
import { partitionOf, partsOf, placeOf, type Place, topicName } from './partitions.js';
import { ensureTopics } from './topics.js';

export type KafkaStoredOptions = Readonly<{
  connection: KafkaBrokers;
  topicPrefix: string;
  generation: number;
  clock: Clock;
  report?: (message: string) => void;
}>;

export type KafkaTargetOptions = KafkaStoredOptions &
  Readonly<{ partitions: number; isSingle: boolean; retentionMs: number }>;

const { readTimeoutMs, batchBytesMax } = KAFKA_LIMITS;
/** Nobody waits for an answer to a phone here. */
const PRODUCE_TIMEOUT_MS = 30_000;

/** Opens a log to be copied. Rejects with CopyRefused when the brokers have none of that name. */
export const openKafkaSource = async (options: KafkaStoredOptions): Promise<CopyTarget> => {
  const partitions = await partitionsThere(options);
  if (partitions === undefined) {
    const name = topicName(options.topicPrefix, options.generation, 'registration');
    throw new CopyRefused(`there is no topic ${name}: is it another generation, or another prefix?`);
  }
  return new StoredTopics(options, partitions);
};

/** Opens a log to copy into, and makes its topics. Rejects with TopicsUnfit. */
export const openKafkaTarget = async (options: KafkaTargetOptions): Promise<CopyTarget> => {
  const { topicPrefix, generation, partitions, isSingle, retentionMs, clock } = options;
  const connection = new KafkaConnection(options.connection, readTimeoutMs);
  try {
    const nameOf = (topic: Topic): string => topicName(topicPrefix, generation, topic);
    await ensureTopics(connection, { nameOf, partitions, isSingle, retentionMs, clock });
  } finally {
    connection.destroy();
  }
  return new StoredTopics(options, partitions);
};

const partitionsThere = async (options: KafkaStoredOptions): Promise<number | undefined> => {
  const connection = new KafkaConnection(options.connection, readTimeoutMs);
  try {
    const admin = connection.kafka.admin();
    await admin.connect();
    const name = topicName(options.topicPrefix, options.generation, 'registration');
    if (!(await admin.listTopics()).includes(name)) return undefined;
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
    return topics[0]?.partitions.length;
  } finally {
    connection.destroy();
  }
};

class StoredTopics implements CopyTarget {
  readonly generation: number;
  readonly writeBytesMax = batchBytesMax;
  private readonly reader: KafkaLogReader;
  private open: Readonly<{ connection: KafkaConnection; producer: Producer }> | undefined;

  constructor(
    private readonly options: KafkaStoredOptions,
    private readonly partitions: number,
  ) {
    const { connection, clock, generation } = options;
    this.generation = generation;
    this.reader = new KafkaLogReader({
      connect: () => new KafkaConnection(connection, readTimeoutMs),
      nameOf: (topic) => this.nameOf(topic),
      topics: TOPICS,
      partitions,
      limits: KAFKA_LIMITS,
      clock,
    });
  }

  async total(): Promise<number> {
    const [starts, ends] = await Promise.all([this.reader.starts(TOPICS), this.reader.ends(TOPICS)]);
    return [...ends].reduce((sum, [place, end]) => sum + end - (starts.get(place) ?? 0), 0);
  }

  laneOf({ stream, topic }: Pick<StoredEvent, 'stream' | 'topic'>): string {
    return placeOf(topic, partitionOf(stream, this.partitions));
  }

  /** All partitions side by side, by the time of their events: a log with one order is read by time. */
  async *read(): AsyncGenerator<readonly StoredEvent[]> {
    const [starts, ends] = await Promise.all([this.reader.starts(TOPICS), this.reader.ends(TOPICS)]);
    yield* inTimeOrder([...ends].map(([place, end]) => this.readPlace(place, starts.get(place) ?? 0, end)));
  }

  async write(events: readonly StoredEvent[]): Promise<void> {
    const producer = await this.producer();
    const topicMessages = [...Map.groupBy(events, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
      topic: this.nameOf(topic),
      messages: ofTopic.map((event) => ({
        ...encodeRecord(event, {
          ...event,
          source: sourceOfCopy(event.node),
          originalPosition: event.position,
        }),
        partition: partitionOf(event.stream, this.partitions),
      })),
    }));
    try {
      await producer.sendBatch({
        acks: -1,
        timeout: PRODUCE_TIMEOUT_MS,
        compression: kafkajs.CompressionTypes.None,
        topicMessages,
      });
    } catch (error) {
      this.end();
      throw error;
    }
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.end();
    this.reader.close();
    return Promise.resolve();
  }

  private async *readPlace(place: Place, from: number, upTo: number): AsyncGenerator<readonly StoredEvent[]> {
    const { topic } = partsOf(place);
    const fold = isExpectTopic(topic) ? new ExpectFold(KAFKA_LIMITS.verdictsMax) : undefined;
    for await (const records of this.reader.range(place, from, upTo)) {
      const events = records.flatMap((record) => this.decode(record, place, fold) ?? []);
      if (events.length > 0) yield events;
    }
  }

  private decode(record: FetchedRecord, place: Place, fold: ExpectFold | undefined): StoredEvent | undefined {
    const { topic, partition } = partsOf(place);
    const offset = Number(record.offset);
    const head = decodeHead(record);
    let revision: number | undefined;
    if (fold && head) {
      fold.take(head, offset);
      revision = fold.revisionAt(head.stream, offset);
      if (revision === undefined) return undefined;
    }
    const at = { generation: this.generation, partition, offset };
    const stored = decodeStored(record, topic, at, revision);
    if (!stored) this.options.report?.(`${place} ${offset}: no event; passed over`);
    return stored;
  }

  private nameOf(topic: Topic): string {
    return topicName(this.options.topicPrefix, this.generation, topic);
  }

  private async producer(): Promise<Producer> {
    if (this.open) return this.open.producer;
    const connection = new KafkaConnection(this.options.connection, PRODUCE_TIMEOUT_MS);
    const producer = connection.kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      maxInFlightRequests: 1,
      retry: { retries: 0 },
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
    try {
      await producer.connect();
    } catch (error) {
      connection.destroy();
      throw error;
    }
    this.open = { connection, producer };
    return producer;
  }

  private end(): void {
    this.open?.connection.destroy();
    this.open = undefined;
  }
}
