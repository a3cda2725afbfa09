// The snapshot's file format: frames of length, CRC-32 and payload; one header, blocks of rows, one end with their count.
// Pure. Written and read by snapshot-file.ts.
import { crc32 } from 'node:zlib';
import type { Checkpoint } from '#libs/decider';

const FORMAT = 1;
export const FRAME_HEAD_BYTES = 8;
/** A row larger than this is not written, and a frame that says it is larger is damage. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;
const ROW_HEAD_BYTES = 16;
const [HEADER, ROWS, END] = [0x48, 0x52, 0x45];

export type SnapshotHead = Readonly<{ store: string; position: Checkpoint; takenAtMs: number }>;
export type Frame =
  | Readonly<{ kind: 'head'; head: SnapshotHead }>
  | Readonly<{ kind: 'rows'; payload: Buffer }>
  | Readonly<{ kind: 'end'; rows: number }>;

/** What is wrong with a snapshot. The owner folds the log instead. */
export class SnapshotDamaged extends Error {}

export const headFrame = (head: SnapshotHead): Buffer => jsonFrame(HEADER, { format: FORMAT, ...head });
export const endFrame = (rows: number): Buffer => jsonFrame(END, { rows });

/** Collects rows into one frame; the buffer is used again after each. */
export class RowsFrame {
  #bytes: Buffer;
  #end = FRAME_HEAD_BYTES + 1;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#end;
  }

  add(key: string, text: string, remainingMs: number): void {
    // A UTF-16 unit takes at most three bytes in UTF-8.
    this.#reserve(ROW_HEAD_BYTES + 3 * (key.length + text.length));
    const keyBytes = this.#bytes.write(key, this.#end + ROW_HEAD_BYTES);
    const textBytes = this.#bytes.write(text, this.#end + ROW_HEAD_BYTES + keyBytes);
    this.#bytes.writeUInt32LE(keyBytes, this.#end);
    this.#bytes.writeUInt32LE(textBytes, this.#end + 4);
    this.#bytes.writeDoubleLE(remainingMs, this.#end + 8);
    this.#end += ROW_HEAD_BYTES + keyBytes + textBytes;
  }

  /** The frame; valid until the next add. */
  take(): Buffer {
    const frame = this.#bytes.subarray(0, this.#end);
    frame[FRAME_HEAD_BYTES] = ROWS;
    this.#end = FRAME_HEAD_BYTES + 1;
    return sealFrame(frame);
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    if (this.#end + more > FRAME_BYTES_MAX) throw new RangeError('a row is too large for a snapshot');
    const larger = Buffer.allocUnsafe(2 * (this.#end + more));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

/** Payload length and CRC as a frame's head tells them; undefined when no frame can begin so. */
export const frameHeadIn = (head: Buffer): { length: number; crc: number } | undefined => {
  if (head.length < FRAME_HEAD_BYTES) return undefined;
  const length = head.readUInt32LE(0);
  return length === 0 || length > FRAME_BYTES_MAX ? undefined : { length, crc: head.readUInt32LE(4) };
};

/** The frame of a payload whose CRC was right. */
export const frameOf = (payload: Buffer): Frame => {
  if (payload[0] === ROWS) return { kind: 'rows', payload };
  const json: unknown = JSON.parse(payload.toString('utf8', 1));
  if (payload[0] === END) return { kind: 'end', rows: (json as { rows: number }).rows };
  if (payload[0] !== HEADER) throw new SnapshotDamaged('a frame of no known kind');
  const { format, ...head } = json as SnapshotHead & { format: number };
  if (format !== FORMAT) throw new SnapshotDamaged(`format ${format}, not ${FORMAT}`);
  return { kind: 'head', head };
};

/** Calls `take` with each row of a frame; returns their number. */
export const eachRow = (
  payload: Buffer,
  take: (key: string, text: string, remainingMs: number) => void,
): number => {
  let rows = 0;
  for (let at = 1; at < payload.length; rows += 1) {
    const keyAt = at + ROW_HEAD_BYTES;
    const textAt = keyAt + payload.readUInt32LE(at);
    const end = textAt + payload.readUInt32LE(at + 4);
    if (end > payload.length) throw new SnapshotDamaged('a row passes its frame');
    take(
      payload.toString('utf8', keyAt, textAt),
      payload.toString('utf8', textAt, end),
      payload.readDoubleLE(at + 8),
    );
    at = end;
  }
  return rows;
};

const jsonFrame = (kind: number, content: object): Buffer =>
  sealFrame(
    Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), Buffer.of(kind), Buffer.from(JSON.stringify(content))]),
  );

const sealFrame = (frame: Buffer): Buffer => {
  const payload = frame.subarray(FRAME_HEAD_BYTES);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32(payload), 4);
  return frame;
};
