// Owners by a consumer group: kafkajs' consumer as a member that reads nothing, with an assignment of ours (docs/architecture.md §2, Own).
// The log itself is followed from checkpoints (follower.ts); the group only says who owns what. Port: partition-owners.port.ts.
import kafkajs, { type Consumer, type PartitionAssigner } from 'kafkajs';
import { type Clock, Pause } from '#libs/runtime';
import type { LeavableOwners, OwnershipChange } from '../../partition-owners.port.js';
import { type KafkaBrokers, KafkaConnection, textOf } from './kafka-connection.js';
import { partitionOf, topicName } from './partitions.js';
import { assignPartitions } from './sticky-assignment.js';

export type GroupTimings = Readonly<{
  sessionMs: number;
  heartbeatMs: number;
  rebalanceMs: number;
}>;

export const GROUP_TIMINGS: GroupTimings = { sessionMs: 6_000, heartbeatMs: 2_000, rebalanceMs: 10_000 };
const LOOK_MS = 500;
const REQUEST_MS_MAX = 5_000;
const [RETRY_MS_MIN, RETRY_MS_MAX] = [200, 2_000];

export type GroupOwnersOptions = Readonly<{
  connection: KafkaBrokers;
  topicPrefix: string;
  generation: number;
  partitions: number;
  /** Name of the group, after the log's. */
  group: string;
  clock: Clock;
  timings?: Partial<GroupTimings>;
  report?: (message: string) => void;
}>;

/** Its end, without saying goodbye: for tests. */
export type GroupMembership = LeavableOwners & Readonly<{ vanish(): void }>;

const NAME = 'clearwater-sticky';

const heldIn = (metadata: Buffer): readonly number[] => {
  try {
    const { userData } = kafkajs.AssignerProtocol.MemberMetadata.decode(metadata) ?? {};
    const held: unknown = JSON.parse(userData?.toString('utf8') ?? '[]');
    return Array.isArray(held) ? held.filter((each): each is number => Number.isInteger(each)) : [];
  } catch {
    return []; // a member of another version
  }
};

/** Every topic of the group has as many partitions: p of all of them goes to one member. */
const stickyAssigner =
  (partitions: number, held: () => readonly number[]): PartitionAssigner =>
  () => ({
    name: NAME,
    version: 1,
    assign: ({ members, topics }) => {
      const known = members.map(({ memberId, memberMetadata }) => ({
        id: memberId,
        held: heldIn(memberMetadata),
      }));
      return Promise.resolve(
        [...assignPartitions(known, partitions)].map(([memberId, own]) => ({
          memberId,
          memberAssignment: kafkajs.AssignerProtocol.MemberAssignment.encode({
            version: 1,
            assignment: Object.fromEntries(topics.map((topic) => [topic, [...own]])),
            userData: Buffer.alloc(0),
          }),
        })),
      );
    },
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({
        version: 1,
        topics,
        userData: Buffer.from(JSON.stringify(held())),
      }),
    }),
  });

class GroupOwners implements GroupMembership {
  readonly partitions: number;
  private owned: ReadonlySet<number> = new Set();
  private heardMs = -Infinity;
  private readonly listeners = new Set<(change: OwnershipChange) => void>();
  private readonly timings: GroupTimings;
  private readonly pause: Pause;
  private readonly topic: string;
  private isStopped = false;
  private isTroubled = false;
  private connection: KafkaConnection | undefined;
  private consumer: Consumer | undefined;
  private crashed: (() => void) | undefined;
  private ended: Promise<void>;

  constructor(private readonly options: GroupOwnersOptions) {
    const { partitions, clock, timings, topicPrefix, generation } = options;
    this.partitions = partitions;
    this.timings = { ...GROUP_TIMINGS, ...timings };
    this.pause = new Pause(clock);
    // Any topic does, as all have the same partitions.
    this.topic = topicName(topicPrefix, generation, 'timers');
    this.ended = this.run();
  }

  get isSure(): boolean {
    return this.options.clock.monotonicMs() - this.heardMs < this.timings.sessionMs / 2;
  }

  partitionOf(stream: string): number {
    return partitionOf(stream, this.partitions);
  }

  owns(partition: number): boolean {
    return this.owned.has(partition);
  }

  onChange(listener: (change: OwnershipChange) => void): () => void {
    this.listeners.add(listener);
    if (this.owned.size > 0) listener({ gained: [...this.owned], lost: [] });
    return () => this.listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.pause.end();
    this.assign([]);
    this.crashed?.();
    await this.ended;
  }

  leave(): Promise<void> {
    return this.stop();
  }

  async comeBack(): Promise<void> {
    await this.ended;
    if (!this.isStopped) return;
    this.isStopped = false;
    this.ended = this.run();
  }

  vanish(): void {
    this.isStopped = true;
    this.connection?.destroy();
    this.connection = undefined;
    this.crashed?.();
  }

  /** A member's life after another, until it is stopped: what it holds it goes on holding meanwhile. */
  private async run(): Promise<void> {
    const { report, clock } = this.options;
    for (let waitMs = RETRY_MS_MIN; !this.isStopped; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
      try {
        await this.live();
      } catch (error) {
        if (this.isStopped) return;
        if (!this.isTroubled) report?.(`the group cannot be kept: ${textOf(error)}; trying again`);
        this.isTroubled = true;
      }
      if (clock.monotonicMs() - this.heardMs < this.timings.sessionMs) waitMs = RETRY_MS_MIN;
      if (!this.isStopped) await this.pause.wait(waitMs);
    }
  }

  private async live(): Promise<void> {
    const { connection, partitions, topicPrefix, generation, group } = this.options;
    const { sessionMs, heartbeatMs, rebalanceMs } = this.timings;
    const own = new KafkaConnection(connection, REQUEST_MS_MAX);
    this.connection = own;
    const consumer = own.kafka.consumer({
      groupId: `${topicPrefix}.${generation}.${group}`,
      partitionAssigners: [stickyAssigner(partitions, () => [...this.owned])],
      sessionTimeout: sessionMs,
      heartbeatInterval: heartbeatMs,
      rebalanceTimeout: rebalanceMs,
      maxWaitTimeInMs: LOOK_MS,
      allowAutoTopicCreation: false,
      // A life that fails is ended, and another begun: here, where it is counted and told.
      retry: { retries: 3, initialRetryTime: 100, restartOnFailure: () => Promise.resolve(false) },
    });
    this.consumer = consumer;
    const crash = Promise.withResolvers<void>();
    this.crashed = crash.resolve;
    consumer.on('consumer.crash', ({ payload }) => crash.reject(payload.error));
    consumer.on('consumer.heartbeat', () => this.heard());
    consumer.on('consumer.group_join', ({ payload }) => {
      this.heard();
      this.assign(payload.memberAssignment[this.topic] ?? []);
      consumer.pause([{ topic: this.topic }]);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [this.topic], fromBeginning: false });
      await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
      await crash.promise;
    } finally {
      this.crashed = undefined;
      // One that vanished has no connection any more.
      if (this.connection === own) await consumer.disconnect().catch(() => undefined);
      own.destroy();
    }
  }

  private heard(): void {
    this.heardMs = this.options.clock.monotonicMs();
    this.isTroubled = false;
  }

  private assign(partitions: readonly number[]): void {
    const next = new Set(partitions);
    const gained = partitions.filter((each) => !this.owned.has(each));
    const lost = [...this.owned].filter((each) => !next.has(each));
    this.owned = next;
    if (gained.length + lost.length > 0) for (const listener of this.listeners) listener({ gained, lost });
  }
}

/** Joins the group; partitions come once it is in. */
export const createGroupOwners = (options: GroupOwnersOptions): GroupMembership => new GroupOwners(options);
