// The segment files of a log: log/<first offset>.log, their batches read in order and checked (docs/adr/0002).
// Read by recovery, by the log's own catch-up and by the reader of other processes.
import { crc32 } from 'node:zlib';
import type { FilePort, OpenFile } from '../disk/file-port.js';
import { decodeHeader, HEADER_BYTES, MAGIC, type BatchHeader } from './record-format.js';

const READ_BYTES = 1 << 20;
const SEGMENT_NAME = /^(\d{16})\.log$/;

/** The log cannot be trusted from here on: a person has to look at it. */
export class LogDamaged extends Error {
  constructor(
    readonly path: string,
    readonly at: number,
    readonly what: string,
  ) {
    super(`${path} is damaged at byte ${at}: ${what}`);
  }
}

export type Segment = Readonly<{ first: number; path: string }>;

export const segmentPath = (folder: string, first: number): string =>
  `${folder}/${String(first).padStart(16, '0')}.log`;

export const listSegments = async (disk: FilePort, folder: string): Promise<Segment[]> =>
  (await disk.list(folder))
    .flatMap((name) => {
      const first = SEGMENT_NAME.exec(name)?.[1];
      return first === undefined ? [] : [{ first: Number(first), path: `${folder}/${name}` }];
    })
    .sort((a, b) => a.first - b.first);

/** A batch as it was read; `body` holds its lines. */
export type Batch = Readonly<{ header: BatchHeader; body: Buffer; at: number }>;

/** Where a scan ended: `next` is the offset after the last whole batch, `at` the byte after it. */
export type ScanEnd = Readonly<{ next: number; at: number; problem: string | undefined }>;

export type ScanFrom = Readonly<{
  /** A byte at which a batch begins, and the offset expected there. */
  at: number;
  next: number;
  /** Offset to stop at. */
  upTo: number;
  /** Batches wanted; the others are stepped over unread and unchecked. */
  wants: (header: BatchHeader) => boolean;
}>;

/**
 * The wanted batches of a segment, some at a time. Ends at `upTo`, at the end of the file, or at the first batch that
 * is not whole, and says in its result which.
 */
export async function* scanSegment(
  file: OpenFile,
  from: ScanFrom,
): AsyncGenerator<readonly Batch[], ScanEnd> {
  let { at, next } = from;
  let size = await file.size();
  while (next < from.upTo && at < size) {
    const asked = Math.min(READ_BYTES, size - at);
    let chunk = await file.read(at, asked);
    const chunkAt = at;
    // Room was given back since (room.ts): the file ends sooner than it did.
    if (chunk.length < asked) size = chunkAt + chunk.length;
    const batches: Batch[] = [];
    let problem: string | undefined;
    while (next < from.upTo && at < size) {
      const local = at - chunkAt;
      if (local + HEADER_BYTES > chunk.length && chunkAt + chunk.length < size) break; // read on from this batch
      const header = decodeHeader(chunk, local);
      if (!header) problem = 'no batch begins here';
      else if (header.first - header.gap !== next) problem = `offset ${header.first} follows ${next}`;
      else if (at + HEADER_BYTES + header.bytes > size) problem = 'the batch is cut short';
      if (!header || problem !== undefined) break;

      const end = local + HEADER_BYTES + header.bytes;
      if (from.wants(header)) {
        if (end > chunk.length) {
          if (local > 0) break;
          chunk = await file.read(at, HEADER_BYTES + header.bytes);
        }
        const body = chunk.subarray(local + HEADER_BYTES, end);
        if (body.length !== header.bytes || crc32(body) !== header.bodyCrc) {
          problem = 'the checksum of the batch is wrong';
          break;
        }
        batches.push({ header, body, at });
      }
      at = chunkAt + end;
      next = header.first + header.count;
    }
    if (batches.length > 0) yield batches;
    if (problem !== undefined) return { next, at, problem };
  }
  return { next, at, problem: undefined };
}

export const EVENTS_BEHIND = 'and there are events behind it';

/**
 * Where the newest segment has no whole batch: is it damaged there? A write that a crash cut off is the last thing in the
 * log: a whole batch behind the bad place means that something acknowledged was damaged. No line of JSON begins with the
 * magic, so whatever does and checks out is a batch.
 */
export const isDamage = async (
  file: OpenFile,
  { at, next }: Readonly<{ at: number; next: number }>,
): Promise<boolean> => {
  const rest = await file.read(at, (await file.size()) - at);
  for (let from = rest.indexOf(MAGIC, 1); from >= 0; from = rest.indexOf(MAGIC, from + 1)) {
    const header = decodeHeader(rest, from);
    if (!header || header.first < next) continue;
    const body = rest.subarray(from + HEADER_BYTES, from + HEADER_BYTES + header.bytes);
    if (body.length === header.bytes && crc32(body) === header.bodyCrc) return true;
  }
  return false;
};

export type ReadRange = Readonly<{
  from: number;
  /** Offset to stop before; what is below it is known to be durable. */
  upTo: number;
  wants: (header: BatchHeader) => boolean;
  /** False: the sealed segment certainly has nothing that is wanted. */
  mayHold?: (segment: Segment) => Promise<boolean>;
}>;

/** The wanted batches from one offset to another, over as many segments as that takes. Throws LogDamaged. */
export async function* readBatches(
  disk: FilePort,
  segments: () => readonly Segment[],
  { from, upTo, wants, mayHold }: ReadRange,
): AsyncGenerator<readonly Batch[]> {
  let next = from;
  while (next < upTo) {
    const { segment, following } = segmentOf(segments(), next);
    if (following && following.first > next && mayHold && !(await mayHold(segment))) {
      next = following.first;
      continue;
    }
    const file = await disk.open(segment.path, 'read');
    try {
      const lower = next;
      const scan = scanSegment(file, {
        at: 0,
        next: segment.first,
        upTo,
        wants: (header) => header.first + header.count > lower && wants(header),
      });
      let step = await scan.next();
      while (!step.done) {
        yield step.value;
        step = await scan.next();
      }
      const { next: reached, at, problem } = step.value;
      if (problem !== undefined) throw new LogDamaged(segment.path, at, problem);
      if (reached <= lower) throw new LogDamaged(segment.path, at, `it ends at offset ${reached}`);
      next = reached;
    } finally {
      await file.close();
    }
  }
}

const segmentOf = (
  segments: readonly Segment[],
  offset: number,
): Readonly<{ segment: Segment; following: Segment | undefined }> => {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((segments[middle]?.first ?? Infinity) <= offset) low = middle;
    else high = middle - 1;
  }
  const segment = segments[low];
  if (!segment) throw new Error('a log has at least one segment');
  return { segment, following: segments[low + 1] };
};
