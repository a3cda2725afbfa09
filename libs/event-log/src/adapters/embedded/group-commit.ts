// Group commit: appends that wait at the same moment share one write and one fdatasync; while that runs the next
// group gathers. An append is answered only when it is durable (docs/adr/0002).
import type { Clock } from '#libs/runtime';
import { AppendRefused, AppendUnknown } from '../../event-log.port.js';
import type { EmbeddedLimits } from './limits.js';
import { encodeBatch } from './segments/record-format.js';
import { WriteRefused, type SegmentWriter } from './segments/segment-writer.js';

/** One append on its way to the disk. */
export interface PendingAppend {
  readonly lines: string;
  readonly bytes: number;
  readonly count: number;
  /** Bits of record-format's header. */
  readonly contents: number;
  readonly enqueuedMs: number;
  /** Durable, its first event at the offset. */
  done(first: number): void;
  /** Nothing was written. */
  refused(error: AppendRefused): void;
  /** Not known; another verdict may still follow. */
  unknown(error: AppendUnknown): void;
}

export type GroupCommitOptions<A extends PendingAppend> = Readonly<{
  writer: Pick<SegmentWriter, 'write'>;
  nextOffset: number;
  limits: EmbeddedLimits;
  clock: Clock;
  /** Runs a function soon: after what the event loop is now handling. */
  soon: (run: () => void) => void;
  /** Called for each durable group, in order, after its appends were answered. */
  onDurable: (appends: readonly A[], next: number) => void;
  /** Called when appends that were already counted on came to nothing. */
  onRefused: () => void;
  /** For metrics: events, bytes and time of a group. */
  onCommit?: ((events: number, bytes: number, tookMs: number) => void) | undefined;
}>;

export class GroupCommit<A extends PendingAppend> {
  private waiting: A[] = [];
  private writing: readonly A[] = [];
  private backlogBytes = 0;
  private isScheduled = false;
  private isWriting = false;
  private readonly company = new Company();
  private readonly halves = new Halves();
  private cancelDeadline: (() => void) | undefined;
  private cancelGather: (() => void) | undefined;
  private idleWaiters: (() => void)[] = [];
  private failureText: string | undefined;
  private hasOverdue = false;
  private next: number;

  constructor(private readonly options: GroupCommitOptions<A>) {
    this.next = options.nextOffset;
  }

  /** Offset of the next event to become durable. */
  get nextOffset(): number {
    return this.next;
  }

  /** Why the log takes no more appends, undefined while it does. */
  get failure(): string | undefined {
    return this.failureText;
  }

  /** True from an append's deadline until the disk has answered again. */
  get isStalled(): boolean {
    return this.hasOverdue;
  }

  /** Why an append of so many bytes cannot be taken now, undefined when it can. */
  refusal(bytes: number): string | undefined {
    if (this.failureText !== undefined) return `the log has failed: ${this.failureText}`;
    if (this.backlogBytes + bytes > this.options.limits.appendBacklogBytesMax)
      return 'too much waits for the disk';
    return undefined;
  }

  add(append: A): void {
    this.waiting.push(append);
    this.backlogBytes += append.bytes;
    this.halves.added(append.enqueuedMs);
    if (!this.isWriting && this.waiting.length >= this.halves.enough) this.flush();
    else this.schedule();
    if (!this.cancelDeadline) this.armDeadline(append.enqueuedMs + this.options.limits.appendTimeoutMs);
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    if (this.waiting.length === 0 && !this.isWriting) return;
    await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
  }

  stop(): void {
    this.cancelDeadline?.();
    this.cancelGather?.();
    this.cancelDeadline = this.cancelGather = undefined;
  }

  private schedule(): void {
    if (this.isScheduled || this.isWriting) return;
    this.isScheduled = true;
    this.options.soon(() => this.gather());
  }

  /**
   * An fdatasync costs some 100 µs of CPU however much it covers, so an append waits `gatherMs` for company. Where none
   * comes (every caller waits for the group in hand, or there is little to do) nobody is made to wait.
   */
  private gather(): void {
    if (!this.isScheduled || this.cancelGather) return; // there were enough meanwhile
    const { clock, limits } = this.options;
    const oldestMs = this.waiting[0]?.enqueuedMs ?? 0;
    const waitMs = oldestMs + limits.gatherMs - clock.monotonicMs();
    if (waitMs <= 0 || !this.company.isWorthWaiting()) return this.flush();
    const before = this.waiting.length;
    this.cancelGather = clock.after(Math.min(waitMs, limits.gatherMs), () => {
      this.cancelGather = undefined;
      this.company.waited(before, this.waiting.length);
      this.flush();
    });
  }

  private flush(): void {
    this.isScheduled = false;
    this.cancelGather?.();
    this.cancelGather = undefined;
    if (this.isWriting || this.waiting.length === 0) return;
    this.isWriting = true;
    void this.writeGroup(this.takeGroup());
  }

  private takeGroup(): readonly A[] {
    let bytes = 0;
    let count = 0;
    for (const append of this.waiting) {
      if (count > 0 && bytes + append.bytes > this.options.limits.batchBytesMax) break;
      bytes += append.bytes;
      count++;
    }
    if (count === this.waiting.length) {
      const all = this.waiting;
      this.waiting = [];
      return all;
    }
    return this.waiting.splice(0, count);
  }

  private async writeGroup(appends: readonly A[]): Promise<void> {
    this.writing = appends;
    const { clock, writer, onDurable, onCommit } = this.options;
    const startMs = clock.monotonicMs();
    let lines = '';
    let bytes = 0;
    let count = 0;
    let contents = 0;
    for (const append of appends) {
      lines += append.lines;
      bytes += append.bytes;
      count += append.count;
      contents |= append.contents;
    }
    const first = this.next;
    try {
      await writer.write(encodeBatch({ first, gap: 0, count, contents }, lines, bytes), first);
    } catch (error) {
      this.fail(error, appends);
      return this.settleIdle();
    }
    this.next = first + count;
    this.backlogBytes -= bytes;
    this.writing = [];
    this.isWriting = false;
    this.hasOverdue = false;
    const tookMs = clock.monotonicMs() - startMs;
    this.halves.written(tookMs, appends.length + this.waiting.length);
    // The next half first: it is written while the callers of this one take their answers and ask again.
    if (this.waiting.length >= this.halves.enough) this.flush();
    let offset = first;
    for (const append of appends) {
      append.done(offset);
      offset += append.count;
    }
    onCommit?.(count, bytes, tookMs);
    onDurable(appends, this.next);
    if (this.waiting.length > 0) this.schedule();
    else if (!this.isWriting) this.settleIdle();
  }

  private settleIdle(): void {
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  /** What waited behind the group that failed is refused with it: its revisions counted on that group. */
  private fail(error: unknown, group: readonly A[]): void {
    const text = error instanceof Error ? error.message : String(error);
    const isRefused = error instanceof WriteRefused;
    if (!isRefused) this.failureText = text;
    const behind = this.waiting;
    this.waiting = [];
    this.writing = [];
    this.backlogBytes = 0;
    this.isWriting = false;
    this.options.onRefused();
    for (const append of group) {
      if (isRefused) append.refused(new AppendRefused(text));
      else append.unknown(new AppendUnknown(text));
    }
    for (const append of behind) append.refused(new AppendRefused(text));
  }

  /** One timer for all: it is set for the oldest append and, when it fires, set again for the oldest still there. */
  private armDeadline(atMs: number): void {
    const { clock, limits } = this.options;
    this.cancelDeadline = clock.after(Math.max(0, atMs - clock.monotonicMs()), () => {
      this.cancelDeadline = undefined;
      const overdueMs = clock.monotonicMs() - limits.appendTimeoutMs;
      for (const append of [...this.writing, ...this.waiting]) {
        if (append.enqueuedMs > overdueMs)
          return this.armDeadline(append.enqueuedMs + limits.appendTimeoutMs);
        this.hasOverdue = true;
        append.unknown(new AppendUnknown(`not durable after ${limits.appendTimeoutMs} ms`));
      }
    });
  }
}

/** Of fewer callers no half is written alone: that saves them nothing, and each fdatasync costs. */
const HALF_MIN = 32;
/** Appends further apart do not come from one run of the event loop. */
const RUN_GAP_MS_MAX = 0.1;

/**
 * Callers who wait for their answers before they ask again come all at once, and then the disk stands idle while they make
 * their appends, and they while it writes. Where making them takes longer than a write, half of them is written while the
 * other half makes theirs; where the disk is the slower one, all go together, since it then is what has to be spared.
 */
class Halves {
  private lastMs = 0;
  private makingMs = 0;
  private writingMs = Infinity;

  /** So many that wait are written at once. */
  enough = Infinity;

  added(atMs: number): void {
    const gapMs = atMs - this.lastMs;
    this.lastMs = atMs;
    if (gapMs < RUN_GAP_MS_MAX) this.makingMs += (gapMs - this.makingMs) / 64;
  }

  /** A group is durable; `underWay` with those that wait behind it. */
  written(tookMs: number, underWay: number): void {
    // The fastest of late: one that took longer perhaps only waited for the event loop.
    this.writingMs = Math.min(tookMs, this.writingMs * 1.05);
    this.enough = this.writingMs < underWay * this.makingMs ? Math.max(HALF_MIN, underWay >> 1) : Infinity;
  }
}

/** A wait was in vain when it brought less than this part of its group. */
const COMPANY_SHARE_MIN = 0.25;
const VAIN_WAITS_MAX = 2;
/** After vain waits the next groups start at once; then one waits again, to see whether it still is so. */
const GROUPS_AT_ONCE_MAX = 1_024;

/** Learns from its waits whether waiting brings others along. */
class Company {
  private vainWaits = 0;
  private groupsAtOnce = 0;
  private groupsAtOnceNext = 1;

  isWorthWaiting(): boolean {
    if (this.groupsAtOnce === 0) return true;
    this.groupsAtOnce--;
    return false;
  }

  waited(before: number, after: number): void {
    if (after - before >= after * COMPANY_SHARE_MIN) {
      this.vainWaits = 0;
      this.groupsAtOnceNext = 1;
    } else if (++this.vainWaits >= VAIN_WAITS_MAX) {
      this.groupsAtOnce = this.groupsAtOnceNext;
      this.groupsAtOnceNext = Math.min(this.groupsAtOnceNext * 2, GROUPS_AT_ONCE_MAX);
    }
  }
}
