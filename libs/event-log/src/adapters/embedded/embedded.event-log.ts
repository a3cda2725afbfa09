// The embedded log: one process owns the folder, appends are group-committed to segment files (docs/adr/0002).
// Written and read by every app of this process; other processes read it through log-reader.ts.
import type { Position } from '#libs/decider';
import type { Clock, Random } from '#libs/runtime';
import {
  AppendRefused,
  AppendUnknown,
  PositionUnknown,
  RevisionConflict,
  type AppendOptions,
  type DomainEvent,
  type EventLog,
  type RecordedEvent,
  type StartAt,
  type SubscribeOptions,
  type Subscription,
  type Topic,
} from '../../event-log.port.js';
import { Answer, AppendRequest } from './append-request.js';
import type { FilePort } from './disk/file-port.js';
import { GroupCommit } from './group-commit.js';
import { EMBEDDED_LIMITS, type EmbeddedLimits } from './limits.js';
import { Housekeeping } from './housekeeping.js';
import { LogSubscription } from './log-subscription.js';
import type { Checkpoint } from './segments/checkpoint.js';
import { EXPECT_BITS, topicBits, TOPIC_BIT, type Upcast } from './segments/record-format.js';
import { fromRevisionOn, readEvents } from './segments/read-events.js';
import { recover, type Recovered } from './segments/recovery.js';
import { ownDirectory } from './own-directory.js';
import { Revisions } from './revisions.js';
import { SegmentWriter } from './segments/segment-writer.js';
import type { Segment } from './segments/segments.js';
import { topicOf } from './topic-of.js';
import { Verdicts, type Verdict } from './verdicts.js';

export type EmbeddedLogOptions = Readonly<{
  /** DATA_DIR: the log is in its folder `log`, the lock in its file `lock`. */
  directory: string;
  disk: FilePort;
  clock: Clock;
  random: Random;
  limits?: Partial<EmbeddedLimits>;
  /** Schema version that an event is written with; 1 when absent. */
  versionOf?: (stream: string, type: string) => number;
  /** Applied to each event read from the files. */
  upcast?: Upcast;
  /** Age at which events leave the log, provisioning and accounts excepted; absent: everything is kept. */
  retentionMs?: number;
  /** For metrics: events, bytes and milliseconds of each group commit. */
  onCommit?: (events: number, bytes: number, tookMs: number) => void;
  /** Tells an operator what start-up found and mended, and why the log stopped. */
  report?: (message: string) => void;
  soon?: (run: () => void) => void;
}>;

export type LogHealth = Readonly<{ ok: boolean; reason?: string }>;

/** What the embedded log has beside the port. */
export interface EmbeddedLog extends EventLog {
  readonly generation: number;
  /** Position of the newest durable event, undefined while the log is empty. */
  readonly head: Position | undefined;
  health(): LogHealth;
  /** Durable revision of an expect stream (0: no event). */
  revisionOf(stream: string): number;
  /** Events that each subscriber has not handled yet. */
  lags(): readonly Readonly<{ group: string; lag: number }>[];
}

const EVENTS_PER_APPEND_MAX = 1_000;

/** Opens the log of a directory, or makes it. Rejects with DirectoryInUse or LogDamaged. */
export const createEmbeddedLog = async (options: EmbeddedLogOptions): Promise<EmbeddedLog> => {
  const { directory, disk, report } = options;
  const folder = `${directory}/log`;
  await disk.makeFolder(folder);
  const release = await ownDirectory(disk, directory);
  try {
    const recovered = await recover(disk, folder);
    for (const line of recovered.reports) report?.(line);
    return new SegmentedLog(options, folder, recovered, release);
  } catch (error) {
    await release();
    throw error;
  }
};

class SegmentedLog implements EmbeddedLog {
  private readonly limits: EmbeddedLimits;
  private readonly segments: Segment[];
  private readonly writer: SegmentWriter;
  private readonly commit: GroupCommit<AppendRequest>;
  private readonly revisions: Revisions;
  private readonly verdicts: Verdicts;
  private readonly subscriptions = new Map<LogSubscription, { group: string; bits: number }>();
  private readonly idPrefix: string;
  private ids = 0;
  private isClosed = false;
  private readonly housekeeping: Housekeeping;

  constructor(
    private readonly options: EmbeddedLogOptions,
    folder: string,
    recovered: Recovered,
    private readonly release: () => Promise<void>,
  ) {
    const { disk, clock, random, onCommit, soon = setImmediate } = options;
    this.limits = { ...EMBEDDED_LIMITS, ...options.limits };
    this.generation = recovered.generation;
    this.segments = recovered.segments;
    this.revisions = new Revisions(recovered.revisions);
    this.verdicts = new Verdicts(this.limits.idempotencyKeysMax, recovered.generation, recovered.verdicts);
    this.idPrefix = `${random.token(10)}-`;
    const { segments, file, endByte, next: nextOffset } = recovered;
    this.writer = new SegmentWriter(disk, folder, this.limits.segmentBytesMax, segments, file, endByte);
    this.commit = new GroupCommit<AppendRequest>({
      writer: this.writer,
      nextOffset,
      limits: this.limits,
      clock,
      soon,
      onCommit,
      onDurable: (appends, next) => {
        this.deliver(appends, next);
        this.housekeeping.committed();
      },
      onRefused: () => this.revisions.forgetPending(),
    });
    const { retentionMs, report } = options;
    const state = () => this.checkpoint();
    this.housekeeping = new Housekeeping({ disk, folder, clock, segments, state, retentionMs, report });
  }

  readonly generation: number;

  get head(): Position | undefined {
    const { nextOffset } = this.commit;
    return nextOffset === 0
      ? undefined
      : { generation: this.generation, partition: 0, offset: nextOffset - 1 };
  }

  append(
    stream: string,
    events: readonly DomainEvent[],
    options: AppendOptions = {},
  ): Promise<readonly Position[]> {
    let verdict: Verdict | undefined;
    if (options.idempotencyKey !== undefined) {
      const key = `${stream}\n${options.idempotencyKey}`;
      const known = this.verdicts.get(key);
      if (known) return this.withDeadline(known);
      if (events.length > 0) verdict = this.verdicts.begin(key);
    }
    return new Promise((resolve, reject) => {
      this.take(stream, events, options, new Answer(resolve, reject, verdict));
    });
  }

  read(stream: string, fromRevision = 1): AsyncGenerator<RecordedEvent> {
    const bits = TOPIC_BIT[topicOf(stream)];
    return fromRevisionOn(this.events(0, this.commit.nextOffset, bits, stream), fromRevision);
  }

  async *readAll(topics: readonly Topic[], startAt: StartAt): AsyncGenerator<RecordedEvent> {
    const upTo = this.commit.nextOffset;
    for await (const events of this.events(this.offsetOf(startAt), upTo, topicBits(topics))) yield* events;
  }

  subscribe(options: SubscribeOptions): Promise<Subscription> {
    return Promise.resolve().then(() => {
      if (this.isClosed) throw new Error('the log is closed');
      const bits = topicBits(options.topics);
      const source = {
        nextOffset: () => this.commit.nextOffset,
        read: (from: number, upTo: number) => this.events(from, upTo, bits),
      };
      const entry = { group: options.group, bits };
      const subscription = new LogSubscription(
        options,
        source,
        this.offsetOf(options.startAt),
        this.limits,
        () => this.subscriptions.delete(subscription),
      );
      this.subscriptions.set(subscription, entry);
      return subscription;
    });
  }

  health(): LogHealth {
    const reason = this.isClosed ? 'the log is closed' : this.commit.failure;
    return reason === undefined ? { ok: true } : { ok: false, reason };
  }

  revisionOf(stream: string): number {
    return this.revisions.of(stream);
  }

  lags(): readonly Readonly<{ group: string; lag: number }>[] {
    return [...this.subscriptions].map(([{ lag }, { group }]) => ({ group, lag }));
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.commit.idle();
    this.commit.stop();
    await Promise.all([...this.subscriptions.keys()].map((subscription) => subscription.stop()));
    await this.housekeeping.close(this.commit.failure === undefined);
    await this.writer.close();
    await this.release();
  }

  /** Answers a conflict only once what it lost against is settled: a retry must find the winner when it reads. */
  private take(stream: string, events: readonly DomainEvent[], options: AppendOptions, answer: Answer): void {
    try {
      const { expected } = options;
      const topic = topicOf(stream);
      const isExpect = (TOPIC_BIT[topic] & EXPECT_BITS) !== 0;
      if (this.isClosed) throw new AppendRefused('the log is closed');
      if (events.length > EVENTS_PER_APPEND_MAX)
        throw new AppendRefused(`more than ${EVENTS_PER_APPEND_MAX} events`);
      if (expected !== undefined) {
        if (!isExpect) throw new Error(`${stream} keeps no revisions, so nothing can be expected of it`);
        if (this.revisions.claimed(stream) !== expected) {
          if (this.revisions.isPending(stream)) return this.takeLater(stream, events, options, answer);
          return answer.rejected(new RevisionConflict(stream, expected, this.revisions.of(stream)));
        }
      }
      if (events.length === 0) return answer.appended([]);
      this.enqueue(stream, topic, events, options, answer, isExpect);
    } catch (error) {
      answer.refused(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private enqueue(
    stream: string,
    topic: Topic,
    events: readonly DomainEvent[],
    options: AppendOptions,
    answer: Answer,
    isExpect: boolean,
  ): void {
    const { clock, versionOf } = this.options;
    const request = new AppendRequest({
      generation: this.generation,
      stream,
      topic,
      events,
      options,
      timeMs: clock.nowMs(),
      enqueuedMs: clock.monotonicMs(),
      idPrefix: this.idPrefix,
      firstId: this.ids,
      revision: isExpect ? this.revisions.claimed(stream) + 1 : undefined,
      versionOf,
      answer,
    });
    if (request.bytes > this.limits.appendBytesMax) throw new AppendRefused('the events are too large');
    const refusal = this.commit.refusal(request.bytes);
    if (refusal !== undefined) throw new AppendRefused(refusal);
    this.ids += events.length;
    if (isExpect) this.revisions.claim(stream, events.length);
    this.commit.add(request);
  }

  private takeLater(
    stream: string,
    events: readonly DomainEvent[],
    options: AppendOptions,
    answer: Answer,
  ): void {
    const { clock } = this.options;
    const cancel = clock.after(this.limits.appendTimeoutMs, () => {
      isOverdue = true;
      answer.refused(
        new AppendRefused('an append to the same stream has been waiting for the disk too long'),
      );
    });
    let isOverdue = false;
    this.revisions.whenSettled(stream, () => {
      cancel();
      if (!isOverdue) this.take(stream, events, options, answer);
    });
  }

  private withDeadline(verdict: Promise<readonly Position[]>): Promise<readonly Position[]> {
    const { appendTimeoutMs } = this.limits;
    return new Promise((resolve, reject) => {
      const cancel = this.options.clock.after(appendTimeoutMs, () =>
        reject(new AppendUnknown(`no verdict after ${appendTimeoutMs} ms`)),
      );
      void verdict.then(resolve, reject).finally(cancel);
    });
  }

  private deliver(appends: readonly AppendRequest[], next: number): void {
    for (const { stream, lastRevision } of appends) {
      if (lastRevision !== undefined) this.revisions.settle(stream, lastRevision);
    }
    for (const [subscription, { bits }] of this.subscriptions) {
      const events: RecordedEvent[] = [];
      for (const append of appends) if ((append.contents & bits) !== 0) append.pushRecords(events);
      subscription.offer(events, next);
    }
  }

  private events(
    from: number,
    upTo: number,
    bits: number,
    stream?: string,
  ): AsyncGenerator<readonly RecordedEvent[]> {
    const { disk, upcast } = this.options;
    const { generation } = this;
    const segments = () => this.segments;
    return readEvents({
      disk,
      segments,
      generation,
      upcast,
      from,
      upTo,
      bits,
      ...(stream === undefined ? {} : { stream }),
    });
  }

  private offsetOf(startAt: StartAt): number {
    if (startAt === 'oldest') return this.segments[0]?.first ?? 0;
    if (startAt === 'newest') return this.commit.nextOffset;
    const { generation, offset } = startAt;
    if (generation !== this.generation) {
      throw new PositionUnknown(
        `position of generation ${generation}, but the log is generation ${this.generation}`,
      );
    }
    if (offset >= this.commit.nextOffset)
      throw new PositionUnknown(`position ${offset} is beyond the end of the log`);
    return offset + 1;
  }

  private checkpoint(): Checkpoint {
    return {
      generation: this.generation,
      segment: this.segments.at(-1)?.first ?? 0,
      at: this.writer.endByte,
      next: this.commit.nextOffset,
      verdicts: [...this.verdicts.appended()],
      revisions: this.revisions.entries(),
    };
  }
}
