// Rows of a view in one file, with the position that they go up to: for views whose rows are objects of their own in memory.
// A crash leaves the old file or the new one; damage is seen. The format is that of checkpointed-key-value-store.ts.
import type { Checkpoint } from '#libs/decider';
import type { Clock } from '#libs/runtime';
import type { SnapshotDisk, SnapshotFile } from '../../snapshot-disk.port.js';
import { machineDisk } from './machine-disk.js';
import { framesIn, replaceFile } from './snapshot-file.js';
import {
  eachRow,
  endFrame,
  headFrame,
  RowsFrame,
  SnapshotDamaged,
  type SnapshotHead,
} from './snapshot-frames.js';

export type RowSnapshotOptions = Readonly<{
  /** Of the view: a file of another one is damage. */
  name: string;
  file: string;
  clock: Clock;
  disk?: SnapshotDisk;
}>;

export type RowsRead =
  | Readonly<{ state: 'restored'; position: Checkpoint; rows: number }>
  | Readonly<{ state: 'absent' }>
  | Readonly<{ state: 'damaged'; reason: string }>;

/** A block is written when it has this many bytes, or took this long: the event loop turns in between. */
const BLOCK_BYTES = 256 * 1024;
const BLOCK_MS_MAX = 2;
const ROWS_BETWEEN_LOOKS_AT_CLOCK = 32;

/** Writes rows as the iteration gives them, some at a time; what it iterates may change meanwhile. */
export const writeRowSnapshot = async (
  { name, file, clock, disk = machineDisk }: RowSnapshotOptions,
  position: Checkpoint,
  rows: Iterable<readonly [string, string]>,
): Promise<void> => {
  const head = { store: name, position, takenAtMs: clock.nowMs() };
  await replaceFile(disk, file, framesOf(head, rows, clock));
};

/** Gives each row to `take`. On damage some were given already: the taker begins anew. */
export const readRowSnapshot = async (
  { name, file, disk = machineDisk }: RowSnapshotOptions,
  take: (key: string, text: string) => void,
): Promise<RowsRead> => {
  let opened: SnapshotFile;
  try {
    opened = await disk.open(file, 'read');
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')
      return { state: 'absent' };
    throw error;
  }
  try {
    return await readFrames(opened, name, take);
  } catch (error) {
    return {
      state: 'damaged',
      reason: `${file}: ${error instanceof Error ? error.message : String(error)}`,
    };
  } finally {
    await opened.close();
  }
};

async function* framesOf(
  head: SnapshotHead,
  rows: Iterable<readonly [string, string]>,
  clock: Clock,
): AsyncGenerator<Buffer> {
  const block = new RowsFrame(2 * BLOCK_BYTES);
  let blockMs = clock.monotonicMs();
  let count = 0;
  yield headFrame(head);
  for (const [key, text] of rows) {
    block.add(key, text, 0);
    count++;
    const looks = count % ROWS_BETWEEN_LOOKS_AT_CLOCK === 0;
    if (block.length >= BLOCK_BYTES || (looks && clock.monotonicMs() - blockMs >= BLOCK_MS_MAX)) {
      yield block.take();
      blockMs = clock.monotonicMs();
    }
  }
  yield block.take();
  yield endFrame(count);
}

const readFrames = async (
  file: SnapshotFile,
  name: string,
  take: (key: string, text: string) => void,
): Promise<RowsRead> => {
  let head: SnapshotHead | undefined;
  let promised: number | undefined;
  let rows = 0;
  for await (const frame of framesIn(file)) {
    if (promised !== undefined) throw new SnapshotDamaged('it goes on behind its end');
    if ((frame.kind === 'head') !== (head === undefined))
      throw new SnapshotDamaged('its head is not where it belongs');
    if (frame.kind === 'rows') rows += eachRow(frame.payload, take);
    else if (frame.kind === 'end') promised = frame.rows;
    else if (frame.head.store !== name)
      throw new SnapshotDamaged(`it is of ${frame.head.store}, not of ${name}`);
    else ({ head } = frame);
  }
  if (!head || promised !== rows) throw new SnapshotDamaged('it ends too early');
  return { state: 'restored', position: head.position, rows };
};
