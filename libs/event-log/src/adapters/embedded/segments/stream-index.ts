// log/<first offset>.streams: which streams and topics a sealed segment holds, so that reading one stream passes over the
// segments without it. A line (magic, contents, count, crc), then the sorted 32-bit hashes of the stream names.
// Written by housekeeping.ts, never needed: a segment without one is read.
import { crc32 } from 'node:zlib';
import { readWhole, replaceWhole, type FilePort } from '../disk/file-port.js';
import { scanSegment, type Batch, type Segment } from './segments.js';

const MAGIC = 'CWSTREAMS1';
const HEADER_BYTES = 35;
const CRC_BYTES = 9;
const HASH_BYTES = 4;

/** FNV-1a, then MurmurHash3's finalizer so that near names get far places. A signed number, which needs no object. */
const started = 0x811c9dc5 | 0;
const stepped = (h: number, code: number): number => Math.imul(h ^ code, 0x01000193);
const finished = (hash: number): number => {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

const hashOf = (stream: string): number => {
  let h = started;
  for (let i = 0; i < stream.length; i++) h = stepped(h, stream.charCodeAt(i));
  return finished(h);
};

const fileOf = ({ path }: Segment): string => path.replace(/\.log$/, '.streams');
const nameOf = (segment: Segment): string => fileOf(segment).slice(fileOf(segment).lastIndexOf('/') + 1);

const SUBJECT = Buffer.from('"subject":"');
const SUBJECT_END = Buffer.from('","time":"');
const [QUOTE, BACKSLASH, LINE_FEED] = [0x22, 0x5c, 0x0a];
const ASCII_END = 0x80;

/** Of the name that begins at a place of a batch; read from its text where it is not plain ASCII, unescaped. */
const hashAt = (body: Buffer, from: number): number => {
  let h = started;
  for (let at = from; at < body.length; at++) {
    const byte = body[at]!;
    if (byte === QUOTE) return finished(h);
    if (byte === BACKSLASH || byte >= ASCII_END) break;
    h = stepped(h, byte);
  }
  const text = body.toString('utf8', from, body.indexOf(SUBJECT_END, from));
  return hashOf(JSON.parse(`"${text}"`) as string);
};

/** Each line of a sealed segment passes here, so no text is made of it. */
const hashStreams = ({ body }: Batch, hashes: Set<number>): void => {
  for (let at = body.indexOf(SUBJECT); at >= 0; at = body.indexOf(SUBJECT, at)) {
    const from = at + SUBJECT.length;
    hashes.add(hashAt(body, from));
    at = body.indexOf(LINE_FEED, from);
    if (at < 0) return;
  }
};

/** What an index is made of. */
type Streams = { contents: number; readonly hashes: Set<number> };

/** Sealed segments whose streams are remembered until their index is made; of more, the oldest is read instead. */
const SEALED_MAX = 2;

/** The streams of what this process appends, so that a segment need not be read again for its index. */
export class WrittenStreams {
  /** By first offset; those that were begun before this process are not here. */
  readonly #bySegment = new Map<number, Streams>();
  #newest = -1;
  #streams: Streams | undefined;

  /** `first` is the offset of the appends' first event, `segment` that of the segment which they went to. */
  add(
    appends: readonly Readonly<{ stream: string; contents: number }>[],
    first: number,
    segment: number,
  ): void {
    if (segment !== this.#newest) this.#begin(segment, first === segment);
    const streams = this.#streams;
    if (!streams) return;
    for (const { stream, contents } of appends) {
      streams.contents |= contents;
      streams.hashes.add(hashOf(stream));
    }
  }

  /** Of a sealed segment, once. */
  take({ first }: Segment): Streams | undefined {
    const streams = this.#bySegment.get(first);
    this.#bySegment.delete(first);
    return streams;
  }

  #begin(segment: number, isWhole: boolean): void {
    this.#newest = segment;
    this.#streams = isWhole ? { contents: 0, hashes: new Set() } : undefined;
    if (!this.#streams) return;
    this.#bySegment.set(segment, this.#streams);
    for (const oldest of this.#bySegment.keys()) {
      if (this.#bySegment.size <= SEALED_MAX + 1) break;
      this.#bySegment.delete(oldest);
    }
  }
}

/** Makes the index of a sealed segment; reads the segment where nothing is remembered of it. */
export const indexSegment = async (
  disk: FilePort,
  folder: string,
  segment: Segment,
  written?: Streams,
): Promise<void> => {
  const streams = written ?? (await readStreams(disk, segment));
  if (!streams) return; // damaged: whoever reads it will be told
  const { contents, hashes } = streams;
  const sorted = Uint32Array.from(hashes).sort(); // unsigned from here on
  const body = Buffer.alloc(sorted.length * HASH_BYTES);
  for (const [index, hash] of sorted.entries()) body.writeUInt32LE(hash, index * HASH_BYTES);
  const fields = `${MAGIC} ${contents.toString(16).padStart(4, '0')} ${String(sorted.length).padStart(9, '0')} `;
  const crc = crc32(body, crc32(fields)).toString(16).padStart(8, '0');
  await replaceWhole(disk, folder, nameOf(segment), Buffer.concat([Buffer.from(`${fields}${crc}\n`), body]));
};

/** Undefined where the segment is damaged. */
const readStreams = async (disk: FilePort, segment: Segment): Promise<Streams | undefined> => {
  const streams: Streams = { contents: 0, hashes: new Set() };
  const file = await disk.open(segment.path, 'read');
  try {
    const scan = scanSegment(file, { at: 0, next: segment.first, upTo: Infinity, wants: () => true });
    let step = await scan.next();
    for (; !step.done; step = await scan.next()) {
      for (const batch of step.value) {
        streams.contents |= batch.header.contents;
        hashStreams(batch, streams.hashes);
      }
    }
    return step.value.problem === undefined ? streams : undefined;
  } finally {
    await file.close();
  }
};

/** Sealed segments that have no index. */
export const unindexed = async (
  disk: FilePort,
  folder: string,
  segments: readonly Segment[],
): Promise<readonly Segment[]> => {
  const names = new Set(await disk.list(folder));
  return segments.slice(0, -1).filter((segment) => !names.has(nameOf(segment)));
};

/** False only when the segment certainly holds nothing of the topics, or nothing of the stream. */
export const mayHold = async (
  disk: FilePort,
  segment: Segment,
  bits: number,
  stream: string | undefined,
): Promise<boolean> => {
  const bytes = await readWhole(disk, fileOf(segment));
  if (!bytes) return true;
  const [magic, contents = '', , crc = ''] = bytes.toString('latin1', 0, HEADER_BYTES).trimEnd().split(' ');
  const fields = bytes.subarray(0, HEADER_BYTES - CRC_BYTES);
  const hashes = bytes.subarray(HEADER_BYTES);
  // A spoiled index must not hide events.
  if (magic !== MAGIC || parseInt(crc, 16) !== crc32(hashes, crc32(fields))) return true;
  if ((parseInt(contents, 16) & bits) === 0) return false;
  return stream === undefined || holds(hashes, hashOf(stream) >>> 0);
};

/** Binary search. */
const holds = (hashes: Buffer, hash: number): boolean => {
  let low = 0;
  let high = hashes.length / HASH_BYTES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = hashes.readUInt32LE(middle * HASH_BYTES);
    if (found === hash) return true;
    if (found < hash) low = middle + 1;
    else high = middle;
  }
  return false;
};
