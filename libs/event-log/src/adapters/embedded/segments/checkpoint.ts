// log/checkpoint: how far the log was durable at some moment, and the revisions and verdicts up to there, so that a
// start reads only what came after. Written at each new segment and at the end; never needed, only faster.
// First line: crc of the rest. Second: JSON. Then a line `<revision> <stream>` a stream.
import { crc32 } from 'node:zlib';
import { readWhole, replaceWhole, type FilePort } from '../disk/file-port.js';

export const CHECKPOINT_NAME = 'checkpoint';

/** A verdict kept by idempotency key: where the append stands in the log. */
export type KeptVerdict = Readonly<{ key: string; first: number; count: number }>;

export type Checkpoint = Readonly<{
  generation: number;
  /** First offset of the segment, the byte in it and the offset from which the tail is to be read. */
  segment: number;
  at: number;
  next: number;
  revisions: Map<string, number>;
  verdicts: readonly KeptVerdict[];
}>;

export const writeCheckpoint = async (
  disk: FilePort,
  folder: string,
  checkpoint: Checkpoint,
): Promise<void> => {
  const { revisions, ...head } = checkpoint;
  let text = `${JSON.stringify(head)}\n`;
  for (const [stream, revision] of revisions) text += `${revision} ${stream}\n`;
  const body = Buffer.from(text);
  const crc = crc32(body).toString(16).padStart(8, '0');
  await replaceWhole(disk, folder, CHECKPOINT_NAME, Buffer.concat([Buffer.from(`${crc}\n`), body]));
};

/** The checkpoint, or undefined when there is none that can be trusted. */
export const readCheckpoint = async (disk: FilePort, folder: string): Promise<Checkpoint | undefined> => {
  const bytes = await readWhole(disk, `${folder}/${CHECKPOINT_NAME}`);
  if (!bytes || bytes.length < 9) return undefined;
  const body = bytes.subarray(9);
  if (parseInt(bytes.toString('latin1', 0, 8), 16) !== crc32(body)) return undefined;
  const [head = '', ...lines] = body.toString('utf8').split('\n');
  const revisions = new Map<string, number>();
  for (const line of lines) {
    const space = line.indexOf(' ');
    if (space > 0) revisions.set(line.slice(space + 1), Number(line.slice(0, space)));
  }
  return { ...(JSON.parse(head) as Omit<Checkpoint, 'revisions'>), revisions };
};
