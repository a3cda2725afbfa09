// Follows partitions from given offsets without end: one fetch at a time to each broker, waiting there for what is new. An error makes a new
// connection and goes on where it was; an offset that is gone stops it, since what it was to read can no longer be read
// (docs/architecture.md §2). Used by subscriptions and by the fold of expect topics.
import { type Clock, Pause } from '#libs/runtime';
import type { Topic } from '../../event-log.port.js';
import type { FetchedRecord } from './cloud-events.js';
import {
  brokerErrorOf,
  READ_UNCOMMITTED,
  textOf,
  type FetchBroker,
  type FetchCluster,
  type KafkaConnection,
} from './kafka-connection.js';
import { OffsetGone } from './kafka-faults.js';
import type { KafkaLimits } from './limits.js';
import { partsOf, placeOf, type Place } from './partitions.js';

export type FollowerOptions = Readonly<{
  connect: () => KafkaConnection;
  nameOf: (topic: Topic) => string;
  limits: KafkaLimits;
  clock: Clock;
  /** Where to begin, by place. */
  from: ReadonlyMap<Place, number>;
  /** Called with one batch at a time, a place's in order; its end moves the cursor. */
  onRecords: (place: Place, records: readonly FetchedRecord[]) => Promise<void> | void;
  /** Stopped for good: by an offset that is gone, or by what onRecords threw. */
  onFailure: (error: unknown) => void;
  /** Brokers that cannot be reached, once until they can. */
  report?: ((message: string) => void) | undefined;
}>;

/** What is thrown by the receiver of records, so that it is not taken for the network's. */
class ReceiverFailed extends Error {}

export class Follower {
  private readonly cursors: Map<Place, number>;
  private readonly placeByName: ReadonlyMap<string, Topic>;
  private isStopped = false;
  private isTroubled = false;
  private connection: KafkaConnection | undefined;
  private turn: Promise<void> = Promise.resolve();
  private readonly pause: Pause;
  private readonly ended: Promise<void>;

  constructor(private readonly options: FollowerOptions) {
    this.pause = new Pause(options.clock);
    this.cursors = new Map(options.from);
    const topics = new Set([...options.from.keys()].map((place) => partsOf(place).topic));
    this.placeByName = new Map([...topics].map((topic) => [options.nameOf(topic), topic]));
    this.ended = this.run();
  }

  /** The offset after what was handled, by place. */
  get position(): ReadonlyMap<Place, number> {
    return this.cursors;
  }

  /** Waits for the batch in hand; not to be awaited by its receiver. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.pause.end();
    this.connection?.destroy();
    await this.ended;
  }

  private async run(): Promise<void> {
    const { limits, report } = this.options;
    let waitMs = limits.retryMsMin;
    while (!this.isStopped) {
      try {
        await this.followBrokers();
        waitMs = limits.retryMsMin;
      } catch (error) {
        if (this.isStopped) return;
        if (error instanceof OffsetGone || error instanceof ReceiverFailed) return this.fail(error);
        if (!this.isTroubled) report?.(`Kafka cannot be followed: ${textOf(error)}; trying again`);
        waitMs = this.isTroubled ? Math.min(waitMs * 2, limits.retryMsMax) : limits.retryMsMin;
        this.isTroubled = true;
        await this.pause.wait(waitMs);
      }
    }
  }

  private fail(error: Error): void {
    this.isStopped = true;
    this.options.onFailure(error instanceof ReceiverFailed ? error.cause : error);
  }

  /** One connection's life: a loop for each broker, until one of them fails. */
  private async followBrokers(): Promise<void> {
    const connection = this.options.connect();
    this.connection = connection;
    try {
      const cluster = connection.cluster();
      await cluster.connect();
      await cluster.addMultipleTargetTopics([...this.placeByName.keys()]);
      const life = { isOver: false };
      const loops = [...this.placesByLeader(cluster)].map(async ([nodeId, places]) => {
        try {
          const broker = await cluster.findBroker({ nodeId });
          while (!this.isStopped && !life.isOver) await this.fetchOnce(broker, places);
        } finally {
          life.isOver = true;
          connection.destroy();
        }
      });
      const outcomes = await Promise.allSettled(loops);
      const failures = outcomes.flatMap((each) =>
        each.status === 'rejected' ? [each.reason as unknown] : [],
      );
      const fatal = failures.find((each) => each instanceof OffsetGone || each instanceof ReceiverFailed);
      if (failures.length > 0) throw fatal ?? failures[0];
    } finally {
      connection.destroy();
    }
  }

  private placesByLeader(cluster: FetchCluster): ReadonlyMap<string, Place[]> {
    const byLeader = new Map<string, Place[]>();
    for (const place of this.cursors.keys()) {
      const { topic, partition } = partsOf(place);
      const leader = cluster
        .findTopicPartitionMetadata(this.options.nameOf(topic))
        .find(({ partitionId }) => partitionId === partition)?.leader;
      if (leader === undefined || leader === null || leader < 0) throw new Error(`${place} has no leader`);
      const places = byLeader.get(String(leader));
      if (places) places.push(place);
      else byLeader.set(String(leader), [place]);
    }
    return byLeader;
  }

  private async fetchOnce(broker: FetchBroker, places: readonly Place[]): Promise<void> {
    const { limits, nameOf } = this.options;
    const partitionsOf = (topic: Topic) =>
      places
        .map((place) => ({ place, ...partsOf(place) }))
        .filter((each) => each.topic === topic)
        .map(({ place, partition }) => ({
          partition,
          fetchOffset: String(this.cursors.get(place) ?? 0),
          maxBytes: limits.fetchPartitionBytesMax,
        }));
    const topics = [...new Set(places.map((place) => partsOf(place).topic))];
    const answer = await broker
      .fetch({
        maxWaitTime: limits.fetchWaitMs,
        minBytes: 1,
        maxBytes: limits.fetchBytesMax,
        isolationLevel: READ_UNCOMMITTED,
        topics: topics.map((topic) => ({ topic: nameOf(topic), partitions: partitionsOf(topic) })),
      })
      .catch((error: unknown) => {
        if (brokerErrorOf(error) !== 'OFFSET_OUT_OF_RANGE') throw error;
        throw new OffsetGone(`an offset of ${places.join(', ')} is no longer in the log`, { cause: error });
      });
    this.isTroubled = false;
    for (const { topicName, partitions } of answer.responses) {
      const topic = this.placeByName.get(topicName);
      if (topic === undefined) continue;
      for (const { partition, messages } of partitions)
        if (messages.length > 0) await this.inTurn(placeOf(topic, partition), messages);
    }
  }

  /** One batch after the other, whichever broker it came from. */
  private inTurn(
    place: Place,
    messages: readonly (FetchedRecord & Readonly<{ isControlRecord?: boolean }>)[],
  ): Promise<void> {
    const done = this.turn.then(() => this.receive(place, messages));
    this.turn = done.catch(() => undefined);
    return done;
  }

  private async receive(
    place: Place,
    messages: readonly (FetchedRecord & Readonly<{ isControlRecord?: boolean }>)[],
  ): Promise<void> {
    const from = this.cursors.get(place) ?? 0;
    const fresh = messages.filter(({ offset }) => Number(offset) >= from);
    const [first, last] = [fresh[0], fresh.at(-1)];
    if (!first || !last || this.isStopped) return;
    // Nothing is compacted and nothing is transactional, so offsets have no holes but those that retention makes.
    if (Number(first.offset) > from)
      throw new OffsetGone(
        `${place}: events ${from} to ${Number(first.offset) - 1} are no longer in the log`,
      );
    const { subscriberBatchMax } = this.options.limits;
    for (let at = 0; at < fresh.length && !this.isStopped; at += subscriberBatchMax) {
      const part = fresh.slice(at, at + subscriberBatchMax);
      const records = part.filter(({ isControlRecord }) => isControlRecord !== true);
      try {
        await this.options.onRecords(place, records);
      } catch (error) {
        throw new ReceiverFailed('', { cause: error });
      }
      this.cursors.set(place, Number(part.at(-1)?.offset ?? from) + 1);
    }
  }
}
