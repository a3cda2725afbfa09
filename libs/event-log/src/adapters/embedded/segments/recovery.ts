// Start of the embedded log: finds the end of what is durable, cuts a torn tail, and refuses a log that is damaged
// before its end. Reads only what came after the checkpoint (docs/adr/0002).
import { readCheckpoint, type KeptVerdict, type RestoredCheckpoint } from './checkpoint.js';
import { readWhole, replaceWhole, type FilePort, type OpenFile } from '../disk/file-port.js';
import { EXPECT_BITS, KEY_BIT, topicBitAt, type Line } from './record-format.js';
import {
  EVENTS_BEHIND,
  isDamage,
  listSegments,
  LogDamaged,
  scanSegment,
  segmentPath,
  type Batch,
  type Segment,
} from './segments.js';

export type Recovered = Readonly<{
  generation: number;
  segments: Segment[];
  /** The newest segment, open for writing, and the byte after its last durable batch. */
  file: OpenFile;
  endByte: number;
  next: number;
  revisions: Map<string, number>;
  verdicts: readonly KeptVerdict[];
  /** For the operator's eyes: what was found and mended. */
  reports: readonly string[];
}>;

export const recover = async (disk: FilePort, folder: string): Promise<Recovered> => {
  const reports: string[] = [];
  const segments = await listSegments(disk, folder);
  const generation = await readGeneration(disk, folder, segments.length > 0);
  if (segments.length === 0) segments.push(await firstSegment(disk, folder));

  const checkpoint = await usableCheckpoint(disk, folder, generation, segments, reports);
  const facts = new Facts(checkpoint);
  const start = segments.findIndex(({ first }) => first === checkpoint?.segment);
  const newest = segments.length - 1;
  let end = { next: segments[0]?.first ?? 0, at: 0 };
  for (let index = Math.max(0, start); index <= newest; index++) {
    const segment = segments[index];
    if (!segment) continue;
    const from = checkpoint && index === start ? checkpoint : { at: 0, next: segment.first };
    if (index > Math.max(0, start) && segment.first !== end.next) {
      throw new LogDamaged(segment.path, 0, `the segment before it ends at offset ${end.next}`);
    }
    end = await readSegment(disk, segment, from, index === newest, facts, reports);
  }
  const last = segments[newest];
  if (!last) throw new Error('a log has at least one segment');
  const file = await disk.open(last.path, 'write');
  if ((await file.size()) > end.at) {
    await file.truncate(end.at);
    await file.datasync();
  }
  return {
    generation,
    segments,
    file,
    endByte: end.at,
    next: end.next,
    revisions: facts.revisions,
    verdicts: facts.verdicts,
    reports,
  };
};

/** Revisions and verdicts as the tail of the log tells them. */
class Facts {
  readonly revisions: Map<string, number>;
  readonly verdicts: KeptVerdict[];

  constructor(checkpoint: RestoredCheckpoint | undefined) {
    this.revisions = checkpoint?.revisions ?? new Map<string, number>();
    this.verdicts = [...(checkpoint?.verdicts ?? [])];
  }

  learn({ header, body }: Batch): void {
    if ((header.contents & (EXPECT_BITS | KEY_BIT)) === 0) return;
    let offset = header.first;
    let lastKey: string | undefined;
    const text = body.toString('utf8');
    let next: number;
    for (let at = 0; at < text.length; at = next, offset++) {
      next = text.indexOf('\n', at) + 1;
      const mayTell = (topicBitAt(text, at) & EXPECT_BITS) !== 0 || (header.contents & KEY_BIT) !== 0;
      if (!mayTell) continue;
      const line = JSON.parse(text.slice(at, next)) as Line;
      if (line.revision !== undefined) this.revisions.set(line.subject, line.revision);
      if (line.idempotencykey !== undefined) {
        const key = `${line.subject}\n${line.idempotencykey}`;
        const last = this.verdicts.at(-1);
        if (key === lastKey && last)
          this.verdicts[this.verdicts.length - 1] = { ...last, count: last.count + 1 };
        else this.verdicts.push({ key, first: offset, count: 1 });
        lastKey = key;
      }
    }
  }
}

const readGeneration = async (disk: FilePort, folder: string, hasSegments: boolean): Promise<number> => {
  const path = `${folder}/generation`;
  const text = (await readWhole(disk, path))?.toString('latin1').trim();
  if (text === undefined && !hasSegments) {
    await replaceWhole(disk, folder, 'generation', Buffer.from('1\n'));
    return 1;
  }
  const generation = Number(text);
  if (!Number.isSafeInteger(generation) || generation < 1)
    throw new LogDamaged(path, 0, 'it holds no generation');
  return generation;
};

const firstSegment = async (disk: FilePort, folder: string): Promise<Segment> => {
  const path = segmentPath(folder, 0);
  await (await disk.open(path, 'write')).close();
  await disk.syncFolder(folder);
  return { first: 0, path };
};

const usableCheckpoint = async (
  disk: FilePort,
  folder: string,
  generation: number,
  segments: readonly Segment[],
  reports: string[],
): Promise<RestoredCheckpoint | undefined> => {
  const checkpoint = await readCheckpoint(disk, folder);
  if (checkpoint?.generation !== generation || !segments.some(({ first }) => first === checkpoint.segment)) {
    if (segments.length > 1) reports.push('no usable checkpoint: the whole log was read');
    return undefined;
  }
  return checkpoint;
};

/** Reads a segment from a place to its end; in the newest one a torn batch at the very end is left out. */
const readSegment = async (
  disk: FilePort,
  segment: Segment,
  from: Readonly<{ at: number; next: number }>,
  isNewest: boolean,
  facts: Facts,
  reports: string[],
): Promise<{ next: number; at: number }> => {
  const file = await disk.open(segment.path, 'read');
  try {
    const size = await file.size();
    if (size < from.at) throw new LogDamaged(segment.path, size, `it had ${from.at} bytes once`);
    const scan = scanSegment(file, {
      ...from,
      upTo: Infinity,
      wants: ({ contents }) => isNewest || (contents & (EXPECT_BITS | KEY_BIT)) !== 0,
    });
    let step = await scan.next();
    while (!step.done) {
      for (const batch of step.value) facts.learn(batch);
      step = await scan.next();
    }
    const { next, at, problem } = step.value;
    if (problem !== undefined) {
      if (!isNewest) throw new LogDamaged(segment.path, at, problem);
      if (await isDamage(file, { at, next }))
        throw new LogDamaged(segment.path, at, `${problem}, ${EVENTS_BEHIND}`);
      const torn = writtenBytes(await file.read(at, size - at));
      if (torn > 0)
        reports.push(`${segment.path}: ${torn} bytes of an unfinished write were cut at byte ${at}`);
    }
    return { next, at };
  } finally {
    await file.close();
  }
};

/** Bytes before the zeros at the end, which are room that was made for more (room.ts). */
const writtenBytes = (bytes: Buffer): number => {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
};
