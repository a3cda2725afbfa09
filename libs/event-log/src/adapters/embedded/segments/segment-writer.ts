// Writes batches to the newest segment and begins a new one when it is full. One call at a time, by the group commit.
// Tells apart what a failure means: nothing was written (go on), or nobody knows (stop). docs/adr/0002.
import type { FilePort, OpenFile } from '../disk/file-port.js';
import { segmentPath, type Segment } from './segments.js';

/** Nothing of the batch can be in the log; the log goes on. */
export class WriteRefused extends Error {}
/** The batch may be in the log or not, and the file cannot be trusted with more: the log stops. */
export class WriteUnknown extends Error {}
/** Nothing of the batch can be in the log, but its file could not be put in order: the log stops. */
export class WriteImpossible extends Error {}

export class SegmentWriter {
  constructor(
    private readonly disk: FilePort,
    private readonly folder: string,
    private readonly segmentBytesMax: number,
    /** The list that readers share; a new segment is added once its name is durable. */
    private readonly segments: Segment[],
    private file: OpenFile,
    private end: number,
  ) {}

  /** Byte after the last durable batch of the newest segment. */
  get endByte(): number {
    return this.end;
  }

  /** Writes and syncs a batch whose first event has the offset given. */
  async write(batch: Buffer, first: number): Promise<void> {
    if (this.end > 0 && this.end + batch.length > this.segmentBytesMax) await this.beginSegment(first);
    try {
      await this.file.write(batch, this.end);
    } catch (error) {
      await this.takeBack(error);
    }
    try {
      await this.file.datasync();
    } catch (error) {
      // The kernel may have dropped the pages and marked them clean: another fdatasync would succeed and lie.
      throw new WriteUnknown(`fdatasync failed: ${String(error)}`, { cause: error });
    }
    this.end += batch.length;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private async takeBack(cause: unknown): Promise<never> {
    try {
      await this.file.truncate(this.end);
    } catch (error) {
      throw new WriteImpossible(
        `write failed (${String(cause)}) and could not be taken back: ${String(error)}`,
        {
          cause,
        },
      );
    }
    throw new WriteRefused(`write failed: ${String(cause)}`, { cause });
  }

  private async beginSegment(first: number): Promise<void> {
    const path = segmentPath(this.folder, first);
    try {
      const next = await this.disk.open(path, 'write');
      try {
        await next.truncate(0);
        await this.disk.syncFolder(this.folder);
      } catch (error) {
        await next.close();
        throw error;
      }
      await this.file.close();
      this.file = next;
    } catch (error) {
      throw new WriteRefused(`no new segment: ${String(error)}`, { cause: error });
    }
    this.end = 0;
    this.segments.push({ first, path });
  }
}
