// One subscriber of the log on Kafka: follows every partition of its topics, hands over accepted events, and knows where it stands in each.
// It joins no group: a view of one process needs all events. Used by kafka.event-log.ts.
import type { Checkpoint } from '#libs/decider';
import type { RecordedEvent, SubscribeOptions, Subscription, Topic } from '../../event-log.port.js';
import type { FetchedRecord } from './cloud-events.js';
import { Follower, type FollowerOptions } from './follower.js';
import type { Place } from './partitions.js';

export type KafkaSubscriptionOptions = Pick<
  FollowerOptions,
  'connect' | 'nameOf' | 'limits' | 'clock' | 'report' | 'from'
> &
  Pick<SubscribeOptions, 'onBatch' | 'onFailure' | 'group' | 'topics'> &
  Readonly<{
    generation: number;
    /** The events of records, those that were refused left out. */
    decode: (
      place: Place,
      records: readonly FetchedRecord[],
      givesUp: AbortSignal,
    ) => Promise<readonly RecordedEvent[]>;
    ends: (topics: readonly Topic[]) => Promise<ReadonlyMap<Place, number>>;
    onEnd: () => void;
  }>;

type Waiter = Readonly<{
  ends: ReadonlyMap<Place, number>;
  resolve: () => void;
  reject: (error: unknown) => void;
}>;

/** A checkpoint of cursors: their sum tells the later of two. */
export const checkpointOf = (generation: number, cursors: ReadonlyMap<Place, number>): Checkpoint => {
  let offset = 0;
  for (const next of cursors.values()) offset += next;
  return { generation, partition: 0, offset, cursors: Object.fromEntries(cursors) };
};

export class KafkaSubscription implements Subscription {
  private readonly cursors: Map<Place, number>;
  private readonly follower: Follower;
  private hasHandled = false;
  private failure: Error | undefined;
  private isStopped = false;
  private readonly givesUp = new AbortController();
  private waiters: Waiter[] = [];

  constructor(private readonly options: KafkaSubscriptionOptions) {
    const { connect, nameOf, limits, clock, report, from } = options;
    this.cursors = new Map(from);
    this.follower = new Follower({
      connect,
      nameOf,
      limits,
      clock,
      report,
      from,
      onRecords: (place, records) => this.take(place, records),
      onFailure: (error) => this.fail(error as Error),
    });
  }

  get position(): Checkpoint | undefined {
    return this.hasHandled ? checkpointOf(this.options.generation, this.cursors) : undefined;
  }

  get group(): string {
    return this.options.group;
  }

  /** Events durable and not yet handled, where the log ends there. */
  lagTo(ends: ReadonlyMap<Place, number>): number {
    let lag = 0;
    for (const [place, next] of this.cursors) lag += Math.max(0, (ends.get(place) ?? next) - next);
    return lag;
  }

  async caughtUp(): Promise<void> {
    this.requireAlive();
    const ends = await this.options.ends(this.options.topics);
    this.requireAlive();
    if (this.lagTo(ends) === 0) return;
    await new Promise<void>((resolve, reject) => this.waiters.push({ ends, resolve, reject }));
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.givesUp.abort();
    await this.follower.stop();
    for (const { reject } of this.waiters.splice(0)) reject(this.stoppedError());
    this.options.onEnd();
  }

  private async take(place: Place, records: readonly FetchedRecord[]): Promise<void> {
    const last = records.at(-1);
    if (!last) return;
    const events = await this.options.decode(place, records, this.givesUp.signal);
    const next = Number(last.offset) + 1;
    const after = new Map(this.cursors).set(place, next);
    await this.options.onBatch(events, checkpointOf(this.options.generation, after));
    this.cursors.set(place, next);
    this.hasHandled = true;
    if (this.waiters.length === 0) return;
    const reached = this.waiters.filter(({ ends }) => this.lagTo(ends) === 0);
    this.waiters = this.waiters.filter((each) => !reached.includes(each));
    for (const { resolve } of reached) resolve();
  }

  private fail(error: Error): void {
    this.failure = error;
    for (const { reject } of this.waiters.splice(0)) reject(error);
    this.options.onEnd();
    this.options.onFailure?.(error);
  }

  private requireAlive(): void {
    const ended = this.failure ?? (this.isStopped ? this.stoppedError() : undefined);
    if (ended) throw ended;
  }

  private stoppedError(): Error {
    return new Error(`the subscription of ${this.options.group} was stopped`);
  }
}
