// The log: append, read, subscribe. Every adapter passes contract/event-log.contract.ts.
// What a stream, a topic, a position and a revision are: docs/architecture.md §2.
import type { Checkpoint, Position, Recorded } from '#libs/decider';

export const TOPICS = ['registration', 'charging', 'provisioning', 'accounts', 'timers', 'calls'] as const;
export type Topic = (typeof TOPICS)[number];

/** What stands before the first `-` of a stream's name → its topic. A name with no entry here is a defect. */
export const TOPIC_OF_CATEGORY: Readonly<Record<string, Topic>> = {
  registration: 'registration',
  charging: 'charging',
  subscriber: 'provisioning',
  credential: 'provisioning',
  identity: 'provisioning',
  document: 'provisioning',
  assignment: 'provisioning',
  account: 'accounts',
  number: 'accounts',
  timer: 'timers',
  call: 'calls',
  calllist: 'calls',
};

/** An event as an aggregate makes it: `type` in past tense, `data` plain JSON (no secret, ever). */
export type DomainEvent = Readonly<{ type: string; data: object }>;

export type AppendOptions = Readonly<{
  /** Revision the stream must be at (0: no event yet); absent: no check (merge streams). */
  expected?: number;
  correlationId?: string;
  causationId?: string;
  /** A repeat of this append with the same key gets the first one's verdict. */
  idempotencyKey?: string;
}>;

/** A recorded event with its CloudEvents attributes. */
export type RecordedEvent<E extends DomainEvent = DomainEvent> = Recorded<E> &
  Readonly<{
    id: string;
    topic: Topic;
    /** Where it stands in this log, when it was copied into it: `position` is then the one that it had first. */
    standsAt?: Position;
    /** Wall time of the append: for people, never for order. */
    timeMs: number;
    /** Ordinal in its stream, from 1; present from read(), and on expect streams from everywhere. */
    revision?: number;
    expected?: number;
    correlationId?: string;
    causationId?: string;
    /** Which node wrote it, as its configuration names it, where many write one log. */
    node?: string;
    /**
     * Why the event could not be brought to its newest version: `event` is then as it was written, not to be folded.
     * Never set by read(), which rejects instead.
     */
    unreadable?: string;
  }>;

/** Nothing was written: the stream is not at the expected revision. */
export class RevisionConflict extends Error {
  constructor(
    readonly stream: string,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`${stream} is at revision ${actual}, not ${expected}`);
  }
}

/** Nothing was written and nothing will be: disk full, backlog full, log closed. */
export class AppendRefused extends Error {
  constructor(
    message: string,
    /** The same is refused at any other time too: too many events at once, or too large. */
    readonly isForGood = false,
  ) {
    super(message);
  }
}

/** Not known whether it was written (deadline passed): answer 500 + Retry-After; it may still turn out to have happened. */
export class AppendUnknown extends Error {}

/** Where a consumer starts: where one of the same log left off, from the oldest event, or from now on. */
export type StartAt = Checkpoint | 'oldest' | 'newest';

/** The position is of another generation, or beyond the end: what was folded up to it is not of this log. Rebuild. */
export class PositionUnknown extends Error {}

/**
 * Takes events in order. `checkpoint`: where to go on once they are handled, when that is more than the newest one's position (a log of
 * many partitions); it may come with no events.
 */
export type BatchHandler = (
  events: readonly RecordedEvent[],
  checkpoint?: Checkpoint,
) => void | Promise<void>;

export interface Subscription {
  /** Resolves once every event durable at the time of the call has been handled. */
  caughtUp(): Promise<void>;
  /** Where to go on: after the newest event handled; undefined before the first. */
  readonly position: Checkpoint | undefined;
  stop(): Promise<void>;
}

export type SubscribeOptions = Readonly<{
  topics: readonly Topic[];
  /** Names the consumer in metrics, and the consumer group on Kafka. */
  group: string;
  startAt: StartAt;
  /** Called one batch at a time, in order. When it throws the subscription stops and reports to onFailure. */
  onBatch: BatchHandler;
  onFailure?: (error: unknown) => void;
}>;

export interface EventLog {
  /**
   * Appends the events of one stream together, all or none.
   * Resolves with their positions when they are durable; rejects with RevisionConflict, AppendRefused or AppendUnknown.
   * An append of no events appends nothing; with an idempotency key it gives that key's positions if it has any.
   */
  append(
    stream: string,
    events: readonly DomainEvent[],
    options?: AppendOptions,
  ): Promise<readonly Position[]>;
  /** The accepted events of one stream, oldest first. */
  read(stream: string, fromRevision?: number): AsyncIterable<RecordedEvent>;
  /** All events of the topics from a place on, in order; ends at the newest event durable at the call. */
  readAll(topics: readonly Topic[], startAt: StartAt): AsyncIterable<RecordedEvent>;
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  /** Stops taking appends, makes those taken durable, releases everything. */
  close(): Promise<void>;
}
