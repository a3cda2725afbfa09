// Reads pieces of partitions: from an offset to another, and where partitions begin and end. For reads on demand; what follows the log all
// the time is follower.ts. Used by the log's read and readAll, by subscriptions' ends, and by the search for an append whose answer was lost.
import type { Clock } from '#libs/runtime';
import type { Topic } from '../../event-log.port.js';
import type { FetchedRecord } from './cloud-events.js';
import { READ_UNCOMMITTED, textOf, type FetchCluster, type KafkaConnection } from './kafka-connection.js';
import type { KafkaLimits } from './limits.js';
import { partsOf, placeOf, placesOf, type Place } from './partitions.js';

/** Attempts of a read; then it rejects, and its caller tells the user's client to come again. */
const ATTEMPTS_MAX = 5;

export type LogReaderOptions = Readonly<{
  connect: () => KafkaConnection;
  nameOf: (topic: Topic) => string;
  topics: readonly Topic[];
  partitions: number;
  limits: KafkaLimits;
  clock: Clock;
  /** For a caller that tries again itself. */
  attemptsMax?: number;
}>;

export class KafkaLogReader {
  private open: Readonly<{ connection: KafkaConnection; cluster: Promise<FetchCluster> }> | undefined;
  private isClosed = false;

  constructor(private readonly options: LogReaderOptions) {}

  /** The offset after the newest record, by place. */
  ends(topics: readonly Topic[]): Promise<ReadonlyMap<Place, number>> {
    return this.offsets(topics, false);
  }

  /** The offset of the oldest record that is still there, by place. */
  starts(topics: readonly Topic[]): Promise<ReadonlyMap<Place, number>> {
    return this.offsets(topics, true);
  }

  /** The records of a place from an offset up to another, some at a time. Rejects where they are not there (any longer). */
  async *range(place: Place, from: number, upTo: number): AsyncGenerator<readonly FetchedRecord[]> {
    for (let next = from; next < upTo;) {
      const records = await this.fetch(place, next);
      const last = records.at(-1);
      if (!last) return; // never: a fetch of nothing is rejected
      next = Number(last.offset) + 1;
      yield next <= upTo ? records : records.filter(({ offset }) => Number(offset) < upTo);
    }
  }

  close(): void {
    this.isClosed = true;
    this.drop();
  }

  private fetch(place: Place, from: number): Promise<readonly FetchedRecord[]> {
    const { limits, nameOf } = this.options;
    const { topic, partition } = partsOf(place);
    return this.withCluster(async (cluster) => {
      const leader = cluster
        .findTopicPartitionMetadata(nameOf(topic))
        .find(({ partitionId }) => partitionId === partition)?.leader;
      if (leader === undefined || leader === null || leader < 0) throw new Error(`${place} has no leader`);
      const broker = await cluster.findBroker({ nodeId: String(leader) });
      const { responses } = await broker.fetch({
        maxWaitTime: limits.fetchWaitMs,
        minBytes: 1,
        maxBytes: limits.fetchBytesMax,
        isolationLevel: READ_UNCOMMITTED,
        topics: [
          {
            topic: nameOf(topic),
            partitions: [{ partition, fetchOffset: String(from), maxBytes: limits.fetchPartitionBytesMax }],
          },
        ],
      });
      const messages = responses.flatMap(({ partitions }) => partitions.flatMap((each) => each.messages));
      const records = messages.filter((each) => each.isControlRecord !== true && Number(each.offset) >= from);
      // A broker that has just become the leader gives less for a moment than was durable before: that is no end.
      if (records.length === 0) throw new Error(`${place}: nothing at ${from}, which is before its end`);
      return records;
    });
  }

  private async offsets(
    topics: readonly Topic[],
    fromBeginning: boolean,
  ): Promise<ReadonlyMap<Place, number>> {
    const { nameOf, partitions } = this.options;
    const all = Array.from({ length: partitions }, (_, partition) => ({ partition }));
    const found = await this.withCluster((cluster) =>
      cluster.fetchTopicsOffset(
        topics.map((topic) => ({ topic: nameOf(topic), partitions: all, fromBeginning })),
      ),
    );
    const byPlace = new Map<Place, number>();
    for (const topic of topics) {
      const offsets = found.find((each) => each.topic === nameOf(topic))?.partitions ?? [];
      for (const { partition, offset } of offsets) byPlace.set(placeOf(topic, partition), Number(offset));
    }
    const missing = placesOf(topics, partitions).find((place) => !byPlace.has(place));
    if (missing !== undefined) throw new Error(`the brokers tell no offset of ${missing}`);
    return byPlace;
  }

  /** Tries again on a new connection: a broker that restarts is away for seconds. */
  private async withCluster<T>(run: (cluster: FetchCluster) => Promise<T>): Promise<T> {
    const { limits, clock, attemptsMax = ATTEMPTS_MAX } = this.options;
    for (let attempt = 1, waitMs = limits.retryMsMin; ; attempt++, waitMs *= 2) {
      if (this.isClosed) throw new Error('the log is closed');
      const { open = this.openCluster() } = this;
      try {
        return await run(await open.cluster);
      } catch (error) {
        if (this.open === open) this.drop();
        if (attempt >= attemptsMax || this.isClosed)
          throw new Error(`Kafka cannot be read: ${textOf(error)}`, { cause: error });
        await new Promise<void>((resolve) => clock.after(waitMs, resolve));
      }
    }
  }

  private openCluster(): NonNullable<typeof this.open> {
    const { connect, nameOf, topics } = this.options;
    const connection = connect();
    const opened = async (): Promise<FetchCluster> => {
      const cluster = connection.cluster();
      await cluster.connect();
      await cluster.addMultipleTargetTopics(topics.map(nameOf));
      return cluster;
    };
    const cluster = opened();
    cluster.catch(() => undefined); // whoever waits for it is told
    return (this.open = { connection, cluster });
  }

  private drop(): void {
    this.open?.connection.destroy();
    this.open = undefined;
  }
}
