// Room ahead of the newest segment's end: zeros that are durable already. A write into them changes neither length nor
// allocation, so that the file system has to make the bytes durable and nothing else: a third less time and CPU a commit than a
// write that makes the file longer (docs/adr/0002). A segment that is sealed or closed ends where its batches do.
import type { OpenFile } from '../disk/file-port.js';

/** Writes of more than this part of the room are no dearer without it. */
const SMALL_WRITE_SHARE = 16;
/** A log that has written less than this part of the room has nothing to gain yet. */
const FIRST_ROOM_SHARE = 4;

export class Room {
  private making: Promise<void> | undefined;
  /** There is no more of it in this file: the disk is full, or refused. */
  private isOver = false;

  constructor(
    private readonly file: OpenFile,
    /** So many bytes are made at once; 0 makes none. */
    private readonly bytes: number,
    private readonly fileBytesMax: number,
    /** Byte up to which the file is there and durable. */
    private end: number,
  ) {}

  /** Wait for this before writing up to a byte: zeros on their way there would land on what is written. */
  busyBefore(upTo: number): Promise<void> | undefined {
    return upTo > this.end ? this.making : undefined;
  }

  /** A batch of some bytes is durable and ends at a byte: makes room for those to come. */
  written(at: number, batchBytes: number): void {
    if (at > this.end) this.end = at;
    if (this.making !== undefined || this.isOver || at * FIRST_ROOM_SHARE < this.bytes) return;
    if (batchBytes * SMALL_WRITE_SHARE > this.bytes || (this.end - at) * 2 > this.bytes) return;
    const upTo = Math.min(this.end + this.bytes, this.fileBytesMax);
    if (upTo > this.end) this.making = this.make(this.end, upTo);
  }

  /** The file is cut where its batches end, durably. Nothing may be written meanwhile. */
  async giveBack(end: number): Promise<void> {
    this.isOver = true;
    await this.making;
    if (this.end <= end) return;
    await this.file.truncate(end);
    await this.file.datasync();
    this.end = end;
  }

  /** The file was cut at a byte, by who found it too full. */
  cut(at: number): void {
    this.end = at;
    this.isOver = true;
  }

  private async make(from: number, upTo: number): Promise<void> {
    try {
      await this.file.write(Buffer.alloc(upTo - from), from);
      await this.file.datasync();
      this.end = upTo;
    } catch {
      // Room is no more than speed: what is wrong with the disk the next batch will tell.
      this.isOver = true;
      await this.file.truncate(from).catch(() => undefined);
    } finally {
      this.making = undefined;
    }
  }
}
