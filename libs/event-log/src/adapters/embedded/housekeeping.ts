// What the log does beside appending: checkpoint and stream index at each new segment, retention once an hour.
// Neither is ever waited for by an append; a failure is reported and tried again later.
import type { Clock } from '#libs/runtime';
import type { FilePort } from './disk/file-port.js';
import { compactSegment, expiredSegments } from './retention.js';
import { writeCheckpoint, type Checkpoint } from './segments/checkpoint.js';
import type { Segment } from './segments/segments.js';
import { indexSegment, unindexed, type WrittenStreams } from './segments/stream-index.js';

const RETENTION_INTERVAL_MS = 3_600_000;
const RETRY_MS = 1_000;

export type HousekeepingOptions = Readonly<{
  disk: FilePort;
  folder: string;
  clock: Clock;
  segments: readonly Segment[];
  written: WrittenStreams;
  /** The log as it is now: the checkpoint's content. */
  state: () => Checkpoint;
  /** Absent: everything is kept. */
  retentionMs: number | undefined;
  report: ((message: string) => void) | undefined;
}>;

export class Housekeeping {
  private checkpointed: number;
  private work: Promise<void> = Promise.resolve();
  private isWorking = false;
  private isClosed = false;
  private cancelTimer: (() => void) | undefined;

  constructor(private readonly options: HousekeepingOptions) {
    this.checkpointed = options.segments.length;
    // Also at the start, so that the next one need not read again what this one had to.
    this.start('no checkpoint', async () => {
      await this.checkpoint();
      await this.index();
    });
    if (options.retentionMs !== undefined) this.retainLater(0);
  }

  /** Called after each group commit. */
  committed(): void {
    if (this.options.segments.length === this.checkpointed || this.isWorking) return;
    this.start('no checkpoint', async () => {
      await this.checkpoint();
      await this.index();
    });
  }

  /** Ends what is running and, when the log is in order, writes the last checkpoint. */
  async close(isInOrder: boolean): Promise<void> {
    this.isClosed = true;
    this.cancelTimer?.();
    await this.work;
    if (!isInOrder) return;
    // A full disk must not keep the process from ending: the next start reads a little more.
    this.start('no checkpoint', () => this.checkpoint());
    await this.work;
  }

  private start(failure: string, run: () => Promise<void>): void {
    this.isWorking = true;
    this.work = run()
      .catch((error: unknown) => this.options.report?.(`${failure}: ${String(error)}`))
      .finally(() => (this.isWorking = false));
  }

  private checkpoint(): Promise<void> {
    const { disk, folder, segments, state } = this.options;
    this.checkpointed = segments.length;
    return writeCheckpoint(disk, folder, state());
  }

  private async index(): Promise<void> {
    const { disk, folder, segments, written } = this.options;
    for (const segment of await unindexed(disk, folder, segments)) {
      if (this.isClosed) return;
      await indexSegment(disk, folder, segment, written.take(segment));
    }
  }

  private retainLater(delayMs: number): void {
    this.cancelTimer = this.options.clock.after(delayMs, () => {
      const isFree = !this.isWorking;
      if (isFree) this.start('retention failed', () => this.retain());
      this.retainLater(isFree ? RETENTION_INTERVAL_MS : RETRY_MS);
    });
  }

  private async retain(): Promise<void> {
    const { disk, folder, segments, clock, retentionMs = Infinity, report } = this.options;
    const expired = await expiredSegments(disk, segments, clock.nowMs() - retentionMs);
    if (expired.length === 0) return;
    // The checkpoint in force names a byte of a segment, which must not be one that changes now.
    await this.checkpoint();
    for (const { segment, end } of expired) {
      if (this.isClosed) return;
      const { bytesBefore, bytesAfter, events } = await compactSegment(disk, folder, segment, end);
      await indexSegment(disk, folder, segment);
      report?.(`${segment.path}: ${bytesBefore} bytes became ${bytesAfter}, ${events} events stay`);
    }
  }
}
