// The embedded log: one process owns the folder, appends are group-committed to segment files (docs/adr/0002).
// Written and read by every app of this process; other processes read it through log-reader.ts.
import type { Position } from '#libs/decider';
import type { Clock, Random } from '#libs/runtime';
import {
  PositionUnknown,
  type AppendOptions,
  type DomainEvent,
  type EventLog,
  type RecordedEvent,
  type StartAt,
  type SubscribeOptions,
  type Subscription,
  type Topic,
} from '../../event-log.port.js';
import { AppendIntake } from './append-intake.js';
import type { AppendRequest } from './append-request.js';
import type { FilePort } from './disk/file-port.js';
import { GroupCommit } from './group-commit.js';
import { EMBEDDED_LIMITS, type EmbeddedLimits } from './limits.js';
import { Housekeeping } from './housekeeping.js';
import { LogSubscription } from './log-subscription.js';
import type { Checkpoint } from './segments/checkpoint.js';
import { topicBits, TOPIC_BIT, type Upcast } from './segments/record-format.js';
import { fromRevisionOn, readEvents } from './segments/read-events.js';
import { recover, type Recovered } from './segments/recovery.js';
import { ownDirectory } from './own-directory.js';
import { Revisions } from './revisions.js';
import { SegmentWriter } from './segments/segment-writer.js';
import type { Segment } from './segments/segments.js';
import { WrittenStreams } from './segments/stream-index.js';
import { topicOf } from './topic-of.js';
import { Verdicts } from './verdicts.js';

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
  private readonly written = new WrittenStreams();
  private readonly writer: SegmentWriter;
  private readonly commit: GroupCommit<AppendRequest>;
  private readonly revisions: Revisions;
  private readonly verdicts: Verdicts;
  private readonly subscriptions = new Map<LogSubscription, { group: string; bits: number }>();
  private readonly intake: AppendIntake;
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
    const { segments, file, endByte, next: nextOffset } = recovered;
    this.writer = new SegmentWriter(disk, folder, this.limits, segments, file, endByte);
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
    this.intake = new AppendIntake({
      generation: this.generation,
      limits: this.limits,
      clock,
      commit: this.commit,
      revisions: this.revisions,
      verdicts: this.verdicts,
      idPrefix: `${random.token(10)}-`,
      versionOf: options.versionOf,
    });
    const { retentionMs, report } = options;
    const { written } = this;
    const state = () => this.checkpoint();
    this.housekeeping = new Housekeeping({
      disk,
      folder,
      clock,
      segments,
      written,
      state,
      retentionMs,
      report,
    });
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
    return this.intake.append(stream, events, options);
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
    const { failure, isStalled } = this.commit;
    if (this.isClosed) return { ok: false, reason: 'the log is closed' };
    if (failure !== undefined) return { ok: false, reason: failure };
    return isStalled ? { ok: false, reason: 'the disk does not answer' } : { ok: true };
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
    this.intake.close();
    const isSettled = await this.settled();
    this.commit.stop();
    await Promise.all([...this.subscriptions.keys()].map((subscription) => subscription.stop()));
    await this.housekeeping.close(isSettled && this.commit.failure === undefined);
    if (!isSettled) return; // the disk still has a write in hand: the lock stays until the process ends
    await this.writer.close();
    await this.release();
  }

  /** Waits for what was taken, no longer than an append may take: a dead disk must not keep the process from ending. */
  private async settled(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.options.clock.after(this.limits.appendTimeoutMs, () => resolve(false));
    void this.commit.idle().then(() => resolve(true));
    const isSettled = await promise;
    cancel();
    if (!isSettled)
      this.options.report?.('closed while the disk does not answer: the last appends are unknown');
    return isSettled;
  }

  private deliver(appends: readonly AppendRequest[], next: number): void {
    let first = next;
    for (const { stream, lastRevision, count } of appends) {
      first -= count;
      if (lastRevision !== undefined) this.revisions.settle(stream, lastRevision);
    }
    // The next group may have begun a segment already.
    const segment = this.segments.findLast((one) => one.first <= first);
    if (segment) this.written.add(appends, first, segment.first);
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
