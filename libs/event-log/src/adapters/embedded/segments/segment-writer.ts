// Writes batches to the newest segment and begins a new one when it is full. One call at a time, by the group commit.
// Tells apart what a failure means: nothing was written (go on), or nobody knows (stop). docs/adr/0002.
import { errorCode, NO_ROOM_CODES, type FilePort, type OpenFile } from '../disk/file-port.js';
import { Room } from './room.js';
import { segmentPath, type Segment } from './segments.js';

/** Nothing of the batch can be in the log; the log goes on. */
export class WriteRefused extends Error {}
/** The batch may be in the log or not, and the file cannot be trusted with more: the log stops. */
export class WriteUnknown extends Error {}

export type SegmentLimits = Readonly<{ segmentBytesMax: number; roomBytes: number }>;

export class SegmentWriter {
  /** Stays so until the next one is begun: a segment that was passed over once gets no more batches. */
  private isFull = false;
  private room: Room;

  constructor(
    private readonly disk: FilePort,
    private readonly folder: string,
    private readonly limits: SegmentLimits,
    /** The list that readers share; a new segment is added once its name is durable. */
    private readonly segments: Segment[],
    private file: OpenFile,
    private end: number,
  ) {
    this.room = this.roomOf(file, end);
  }

  /** Byte after the last durable batch of the newest segment. */
  get endByte(): number {
    return this.end;
  }

  /** Writes and syncs a batch whose first event has the offset given. */
  async write(batch: Buffer, first: number): Promise<void> {
    if (this.end > 0 && this.end + batch.length > this.limits.segmentBytesMax) this.isFull = true;
    if (this.isFull) await this.beginSegment(first);
    const busy = this.room.busyBefore(this.end + batch.length);
    if (busy !== undefined) await busy;
    try {
      await this.file.writeDurably(batch, this.end);
    } catch (error) {
      if (NO_ROOM_CODES.has(errorCode(error))) await this.takeBack(error);
      // The kernel may have dropped the pages and marked them clean: another fdatasync would succeed and lie.
      throw new WriteUnknown(`a write failed: ${String(error)}`, { cause: error });
    }
    this.end += batch.length;
    this.room.written(this.end, batch.length);
  }

  async close(): Promise<void> {
    // What cannot be given back is found to be zeros at the next start.
    await this.room.giveBack(this.end).catch(() => undefined);
    await this.file.close();
  }

  private roomOf(file: OpenFile, end: number): Room {
    return new Room(file, this.limits.roomBytes, this.limits.segmentBytesMax, end);
  }

  /** What a full disk took of the batch is removed, durably, so that it cannot come back after a crash. */
  private async takeBack(cause: unknown): Promise<never> {
    try {
      await this.file.truncate(this.end);
      await this.file.datasync();
      this.room.cut(this.end);
    } catch (error) {
      throw new WriteUnknown(
        `a write failed (${String(cause)}) and could not be taken back: ${String(error)}`,
        {
          cause,
        },
      );
    }
    throw new WriteRefused(`the disk is full: ${String(cause)}`, { cause });
  }

  private async beginSegment(first: number): Promise<void> {
    const path = segmentPath(this.folder, first);
    let next: OpenFile | undefined;
    try {
      await this.room.giveBack(this.end); // zeros in a segment that is followed by another are damage
      next = await this.disk.open(path, 'write');
      await next.truncate(0);
      await this.disk.syncFolder(this.folder);
    } catch (error) {
      await next?.close();
      throw new WriteRefused(`no new segment: ${String(error)}`, { cause: error });
    }
    const full = this.file;
    this.file = next;
    this.end = 0;
    this.room = this.roomOf(next, 0);
    this.isFull = false;
    this.segments.push({ first, path });
    await full.close();
  }
}
