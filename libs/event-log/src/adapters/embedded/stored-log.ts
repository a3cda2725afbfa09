// The segment files of a directory as a copy reads and writes them. The directory is this process's meanwhile: nobody appends.
// Used by open-copy.ts. While a copy is not whole a file says so, and no program opens the log.
import type { StoredEvent, StoredLog, CopyTarget } from '../../copy/stored-log.port.js';
import { CopyRefused } from '../../copy/stored-log.port.js';
import { positionOfText, positionText } from '../../copy/original-position.js';
import { readWhole, replaceWhole, type FilePort } from './disk/file-port.js';
import { EMBEDDED_LIMITS } from './limits.js';
import { ownDirectory } from './own-directory.js';
import { encodeBatch, encodeLine, KEY_BIT, partsOf, TOPIC_BIT, type Line } from './segments/record-format.js';
import { recover, type Recovered } from './segments/recovery.js';
import { SegmentWriter } from './segments/segment-writer.js';
import { readBatches, type Segment } from './segments/segments.js';

/** In `log/` while a copy into it is not whole. */
export const UNFINISHED_COPY = 'unfinished-copy';

export type EmbeddedStoredOptions = Readonly<{
  directory: string;
  disk: FilePort;
  segmentBytesMax?: number;
  report?: (message: string) => void;
}>;

/** Opens the log of a directory to be copied. Rejects with DirectoryInUse, LogDamaged, or CopyRefused when there is none. */
export const openEmbeddedSource = async (options: EmbeddedStoredOptions): Promise<StoredLog> => {
  const { directory, disk } = options;
  const folder = `${directory}/log`;
  await requireLog(disk, folder, directory);
  const release = await ownDirectory(disk, directory);
  try {
    if ((await readWhole(disk, `${folder}/${UNFINISHED_COPY}`)) !== undefined)
      throw new CopyRefused(`${directory} holds a copy that is not whole`);
    const recovered = await recover(disk, folder);
    return new SegmentFiles(options, folder, recovered, release);
  } catch (error) {
    await release();
    throw error;
  }
};

/** Opens a directory to copy into: an empty one, or one of an earlier run. Rejects with DirectoryInUse or CopyRefused. */
export const openEmbeddedTarget = async (
  options: EmbeddedStoredOptions,
  generation: number,
): Promise<CopyTarget> => {
  const { directory, disk } = options;
  const folder = `${directory}/log`;
  await disk.makeFolder(folder);
  const release = await ownDirectory(disk, directory);
  try {
    const held = (await readWhole(disk, `${folder}/generation`))?.toString('latin1').trim();
    if (held === undefined) {
      await replaceWhole(disk, folder, UNFINISHED_COPY, Buffer.from(`${generation}\n`));
      await replaceWhole(disk, folder, 'generation', Buffer.from(`${generation}\n`));
    } else if (Number(held) !== generation)
      throw new CopyRefused(`${directory} holds a log of generation ${held}, not ${generation}`);
    const recovered = await recover(disk, folder);
    return new SegmentFiles(options, folder, recovered, release);
  } catch (error) {
    await release();
    throw error;
  }
};

const requireLog = async (disk: FilePort, folder: string, directory: string): Promise<void> => {
  const generation = await readWhole(disk, `${folder}/generation`).catch(() => undefined);
  if (generation === undefined) throw new CopyRefused(`there is no event log in ${directory}`);
};

class SegmentFiles implements CopyTarget {
  readonly generation: number;
  readonly writeBytesMax = EMBEDDED_LIMITS.batchBytesMax;
  private readonly segments: Segment[];
  private readonly writer: SegmentWriter;
  private next: number;

  constructor(
    private readonly options: EmbeddedStoredOptions,
    private readonly folder: string,
    recovered: Recovered,
    private readonly release: () => Promise<void>,
  ) {
    const { disk, segmentBytesMax = EMBEDDED_LIMITS.segmentBytesMax, report } = options;
    const { generation, segments, file, endByte, next, reports } = recovered;
    for (const line of reports) report?.(line);
    this.generation = generation;
    this.segments = segments;
    this.next = next;
    // A copy writes large batches, for which room is no gain.
    const limits = { segmentBytesMax, roomBytes: 0 };
    this.writer = new SegmentWriter(disk, folder, limits, segments, file, endByte);
  }

  total(): Promise<number> {
    return Promise.resolve(this.next - (this.segments[0]?.first ?? 0));
  }

  /** One order for all. */
  laneOf(): string {
    return 'log';
  }

  async *read(): AsyncGenerator<readonly StoredEvent[]> {
    const { disk } = this.options;
    const range = { from: this.segments[0]?.first ?? 0, upTo: this.next, wants: () => true };
    for await (const batches of readBatches(disk, () => this.segments, range)) {
      const events: StoredEvent[] = [];
      for (const { header, body } of batches) {
        let offset = header.first;
        for (const text of body.toString('utf8').split('\n')) {
          if (text !== '') events.push(this.decode(text, offset++));
        }
      }
      if (events.length > 0) yield events;
    }
  }

  async write(events: readonly StoredEvent[]): Promise<void> {
    let lines = '';
    let contents = 0;
    for (const event of events) {
      contents |= TOPIC_BIT[event.topic] | (event.idempotencyKey === undefined ? 0 : KEY_BIT);
      const originalPosition = positionText(event.position);
      lines += encodeLine(event, { ...event, firstId: event.appendId, originalPosition });
    }
    const header = { first: this.next, gap: 0, count: events.length, contents };
    await this.writer.write(encodeBatch(header, lines, Buffer.byteLength(lines)), this.next);
    this.next += events.length;
  }

  async finish(): Promise<void> {
    const { disk } = this.options;
    if ((await readWhole(disk, `${this.folder}/${UNFINISHED_COPY}`)) === undefined) return;
    await disk.remove(`${this.folder}/${UNFINISHED_COPY}`);
    await disk.syncFolder(this.folder);
  }

  async close(): Promise<void> {
    await this.writer.close();
    await this.release();
  }

  private decode(text: string, offset: number): StoredEvent {
    const line = JSON.parse(text) as Line;
    const { topic, name, version } = partsOf(line.type);
    const original = line.originalposition === undefined ? undefined : positionOfText(line.originalposition);
    return {
      stream: line.subject,
      topic,
      type: name,
      version,
      data: line.data,
      timeMs: Date.parse(line.time),
      id: line.id,
      revision: line.revision,
      expected: line.expectedrevision,
      correlationId: line.correlationid,
      causationId: line.causationid,
      idempotencyKey: line.idempotencykey,
      node: line.node,
      appendId: line.appendid ?? line.id,
      index: line.appendindex ?? 0,
      count: line.appendcount ?? 1,
      position: original ?? { generation: this.generation, partition: 0, offset },
      isCopy: original !== undefined,
    };
  }
}
