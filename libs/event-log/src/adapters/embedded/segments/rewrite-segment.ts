// A sealed segment written again without some of its events: retention, and later the erasure of a subscriber.
// What stays keeps its position; headers say which offsets are missing before a batch (docs/adr/0002).
import type { FilePort, OpenFile } from '../disk/file-port.js';
import { COMPACTED_BIT, decodeHeader, encodeBatch, HEADER_BYTES, type BatchHeader } from './record-format.js';
import { LogDamaged, scanSegment, type Batch, type Segment } from './segments.js';

export type Keep = Readonly<{
  /** Batches whose header says that nothing of them stays are not even read. */
  mayStay: (header: BatchHeader) => boolean;
  /** A line, as text; what it leaves out of the file is gone. */
  stays: (line: string) => boolean;
}>;

export type Rewritten = Readonly<{ bytesBefore: number; bytesAfter: number; events: number }>;

/** True once a segment was rewritten: it holds only what stays, so it need not be looked at again. */
export const isCompacted = async (disk: FilePort, { path }: Segment): Promise<boolean> => {
  const file = await disk.open(path, 'read');
  try {
    const header = decodeHeader(await file.read(0, HEADER_BYTES), 0);
    return header !== undefined && (header.contents & COMPACTED_BIT) !== 0;
  } finally {
    await file.close();
  }
};

/** Rewrites the segment that ends before offset `end`; readers see the old file or the new one, whole. */
export const rewriteSegment = async (
  disk: FilePort,
  folder: string,
  segment: Segment,
  end: number,
  keep: Keep,
): Promise<Rewritten> => {
  const temporary = `${segment.path}.new`;
  const source = await disk.open(segment.path, 'read');
  try {
    const target = await disk.open(temporary, 'write');
    const output = new CompactedOutput(target, segment.first);
    try {
      await target.truncate(0);
      const scan = scanSegment(source, { at: 0, next: segment.first, upTo: end, wants: keep.mayStay });
      let step = await scan.next();
      for (; !step.done; step = await scan.next()) {
        for (const batch of step.value) await output.take(batch, keep.stays);
      }
      const { next, at, problem } = step.value;
      if (next !== end) throw new LogDamaged(segment.path, at, problem ?? `it ends at offset ${next}`);
      await output.finish(end);
      await target.datasync();
    } finally {
      await target.close();
    }
    await disk.rename(temporary, segment.path);
    await disk.syncFolder(folder);
    return { bytesBefore: await source.size(), bytesAfter: output.bytes, events: output.events };
  } finally {
    await source.close();
  }
};

/** Batches of what stays: one for each run of neighbours, and at the end one without events that names the end. */
class CompactedOutput {
  bytes = 0;
  events = 0;
  private next: number;

  constructor(
    private readonly file: OpenFile,
    first: number,
  ) {
    this.next = first;
  }

  async take({ header, body }: Batch, stays: (line: string) => boolean): Promise<void> {
    let run = '';
    let count = 0;
    let offset = header.first;
    for (const line of body.toString('utf8').split('\n')) {
      if (line === '') continue;
      if (stays(line)) {
        run += `${line}\n`;
        count++;
      } else if (count > 0) {
        await this.write(offset - count, count, header.contents, run);
        run = '';
        count = 0;
      }
      offset++;
    }
    if (count > 0) await this.write(offset - count, count, header.contents, run);
  }

  async finish(end: number): Promise<void> {
    if (this.next < end || this.bytes === 0) await this.write(end, 0, 0, '');
  }

  private async write(first: number, count: number, contents: number, lines: string): Promise<void> {
    const gap = first - this.next;
    const header = { first, gap, count, contents: contents | COMPACTED_BIT };
    const batch = encodeBatch(header, lines, Buffer.byteLength(lines));
    await this.file.write(batch, this.bytes);
    this.bytes += batch.length;
    this.events += count;
    this.next = first + count;
  }
}
