// log/checkpoint: how far the log was durable at some moment, and the revisions and verdicts up to there at least, so
// that a start reads only what came after. Written at each new segment and at the end; never needed, only faster.
// First line: JSON. Then a line `<revision> <stream>` a stream. Last line: `end <crc of all before it>`.
import { crc32 } from 'node:zlib';
import { readWhole, type FilePort } from '../disk/file-port.js';

const NAME = 'checkpoint';
const BLOCK_LINES = 2_000;
const END = /end ([0-9a-f]{8})\n$/;

/** A verdict kept by idempotency key: where the append stands in the log. */
export type KeptVerdict = Readonly<{ key: string; first: number; count: number }>;

export type Checkpoint = Readonly<{
  generation: number;
  /** First offset of the segment, the byte in it and the offset from which the tail is to be read. */
  segment: number;
  at: number;
  next: number;
  verdicts: readonly KeptVerdict[];
  /** Newer revisions among them do no harm: the tail tells them again. */
  revisions: Iterable<readonly [string, number]>;
}>;

export type RestoredCheckpoint = Checkpoint & Readonly<{ revisions: Map<string, number> }>;

/** Replaces the checkpoint, block by block: the event loop turns between blocks, and revisions may rise meanwhile. */
export const writeCheckpoint = async (
  disk: FilePort,
  folder: string,
  checkpoint: Checkpoint,
): Promise<void> => {
  const { revisions, ...head } = checkpoint;
  const temporary = `${folder}/${NAME}.new`;
  const file = await disk.open(temporary, 'write');
  try {
    let at = 0;
    let crc = 0;
    const write = async (text: string): Promise<void> => {
      const block = Buffer.from(text);
      crc = crc32(block, crc);
      await file.write(block, at);
      at += block.length;
    };
    await file.truncate(0);
    let text = `${JSON.stringify(head)}\n`;
    let lines = 0;
    for (const [stream, revision] of revisions) {
      text += `${revision} ${stream}\n`;
      if (++lines % BLOCK_LINES !== 0) continue;
      await write(text);
      text = '';
    }
    await write(text);
    await file.write(Buffer.from(`end ${crc.toString(16).padStart(8, '0')}\n`), at);
    await file.datasync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, `${folder}/${NAME}`);
  await disk.syncFolder(folder);
};

/** The checkpoint, or undefined when there is none that can be trusted. */
export const readCheckpoint = async (
  disk: FilePort,
  folder: string,
): Promise<RestoredCheckpoint | undefined> => {
  const bytes = await readWhole(disk, `${folder}/${NAME}`);
  if (!bytes) return undefined;
  const crc = END.exec(bytes.toString('latin1', Math.max(0, bytes.length - 20)))?.[1];
  const body = bytes.subarray(0, bytes.length - 'end 00000000\n'.length);
  if (crc === undefined || parseInt(crc, 16) !== crc32(body)) return undefined;
  const text = body.toString('utf8');
  const headEnd = text.indexOf('\n');
  const revisions = new Map<string, number>();
  for (let at = headEnd + 1; at < text.length;) {
    const end = text.indexOf('\n', at);
    const space = text.indexOf(' ', at);
    revisions.set(text.slice(space + 1, end), Number(text.slice(at, space)));
    at = end + 1;
  }
  return { ...(JSON.parse(text.slice(0, headEnd)) as Omit<Checkpoint, 'revisions'>), revisions };
};
