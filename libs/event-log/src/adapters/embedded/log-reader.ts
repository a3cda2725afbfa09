// A log read by a process that does not own it: npm run history, analysts' tools. Takes no lock, writes nothing, and
// may see an event a moment before it is durable. A batch that is just being written is the end of the log to it; a damaged one is
// not: what stands before it is read, and then LogDamaged thrown.
import type { Clock } from '#libs/runtime';
import type { EventLog, RecordedEvent, StartAt, Topic } from '../../event-log.port.js';
import { readWhole, type FilePort, type OpenFile } from './disk/file-port.js';
import { fromRevisionOn, readEvents } from './segments/read-events.js';
import { readHeads, type EventHead } from './segments/read-heads.js';
import { topicBits, TOPIC_BIT, type Upcast } from './segments/record-format.js';
import {
  EVENTS_BEHIND,
  isDamage,
  listSegments,
  LogDamaged,
  scanSegment,
  type ScanEnd,
  type Segment,
} from './segments/segments.js';
import { topicOf } from './topic-of.js';

export type LogReaderOptions = Readonly<{
  /** DATA_DIR of the process that writes. */
  directory: string;
  disk: FilePort;
  upcast?: Upcast;
}>;

export type FollowOptions = Readonly<{ clock: Clock; signal: AbortSignal; pollMs?: number }>;

export interface LogReader extends Pick<EventLog, 'read' | 'readAll'> {
  readonly generation: number;
  /** As readAll, by the head of each event only: several times faster where few of many are wanted. */
  heads(topics: readonly Topic[], startAt: StartAt): AsyncIterable<readonly EventHead[]>;
  /** As readAll, and then what is appended, until the signal; ends quietly then. */
  follow(topics: readonly Topic[], startAt: StartAt, options: FollowOptions): AsyncIterable<RecordedEvent>;
}

/** How often a follower looks whether the log has grown. */
const FOLLOW_POLL_MS = 100;

/** Opens the log of a data directory for reading. Rejects when there is none. */
export const openLogReader = async ({ directory, disk, upcast }: LogReaderOptions): Promise<LogReader> => {
  const folder = `${directory}/log`;
  const generation = Number((await readWhole(disk, `${folder}/generation`))?.toString('latin1'));
  if (!Number.isSafeInteger(generation)) throw new Error(`there is no event log in ${directory}`);
  return new FileReader(folder, generation, disk, upcast);
};

class FileReader implements LogReader {
  private segments: readonly Segment[] = [];
  /** Where the log was last seen to end. */
  private end = { segment: -1, at: 0, next: 0 };
  /** Why it ends there, when that is not its end. */
  private damage: LogDamaged | undefined;

  constructor(
    private readonly folder: string,
    readonly generation: number,
    private readonly disk: FilePort,
    private readonly upcast: Upcast | undefined,
  ) {}

  async *read(stream: string, fromRevision = 1): AsyncGenerator<RecordedEvent> {
    const upTo = await this.findEnd();
    yield* fromRevisionOn(this.events(0, upTo, TOPIC_BIT[topicOf(stream)], stream), fromRevision);
    this.requireWhole();
  }

  async *readAll(topics: readonly Topic[], startAt: StartAt): AsyncGenerator<RecordedEvent> {
    const upTo = await this.findEnd();
    for await (const events of this.events(this.offsetOf(startAt), upTo, topicBits(topics))) yield* events;
    this.requireWhole();
  }

  async *heads(topics: readonly Topic[], startAt: StartAt): AsyncGenerator<readonly EventHead[]> {
    const upTo = await this.findEnd();
    const { disk, generation, upcast } = this;
    const segments = () => this.segments;
    const from = this.offsetOf(startAt);
    yield* readHeads({ disk, segments, generation, upcast, from, upTo, bits: topicBits(topics) });
    this.requireWhole();
  }

  async *follow(
    topics: readonly Topic[],
    startAt: StartAt,
    { clock, signal, pollMs = FOLLOW_POLL_MS }: FollowOptions,
  ): AsyncGenerator<RecordedEvent> {
    await this.findEnd();
    let from = this.offsetOf(startAt);
    while (!signal.aborted) {
      const upTo = await this.findEnd();
      for await (const events of this.events(from, upTo, topicBits(topics))) yield* events;
      this.requireWhole();
      from = Math.max(from, upTo);
      await passed(clock, pollMs, signal);
    }
  }

  private events(
    from: number,
    upTo: number,
    bits: number,
    stream?: string,
  ): AsyncGenerator<readonly RecordedEvent[]> {
    const { disk, generation, upcast } = this;
    const segments = () => this.segments;
    const of = stream === undefined ? {} : { stream };
    return readEvents({ disk, segments, generation, upcast, from, upTo, bits, ...of });
  }

  private offsetOf(startAt: StartAt): number {
    if (startAt === 'oldest') return this.segments[0]?.first ?? 0;
    return startAt === 'newest' ? this.end.next : startAt.offset + 1;
  }

  /** After all that can be read was. */
  private requireWhole(): void {
    if (this.damage) throw this.damage;
  }

  /** Offset after the last whole batch. Looks only at what was not there the last time. */
  private async findEnd(): Promise<number> {
    this.segments = await listSegments(this.disk, this.folder);
    const newest = this.segments.at(-1);
    if (!newest) return 0;
    const from = this.end.segment === newest.first ? this.end : { at: 0, next: newest.first };
    const file = await this.disk.open(newest.path, 'read');
    try {
      let end = await scannedTo(file, from);
      this.damage = undefined;
      // A batch that was being written may be whole by now, with others behind it: it is looked at again, and is damaged where it still is no batch.
      while (end.problem !== undefined && (await isDamage(file, end))) {
        const again = await scannedTo(file, end);
        if (again.problem !== undefined && again.at === end.at) {
          this.damage = new LogDamaged(newest.path, end.at, `${again.problem}, ${EVENTS_BEHIND}`);
          break;
        }
        end = again;
      }
      this.end = { segment: newest.first, at: end.at, next: end.next };
    } finally {
      await file.close();
    }
    return this.end.next;
  }
}

/** The end of the whole batches that begin at a place. */
const scannedTo = async (
  file: OpenFile,
  { at, next }: Readonly<{ at: number; next: number }>,
): Promise<ScanEnd> => {
  const scan = scanSegment(file, { at, next, upTo: Infinity, wants: () => true });
  let step = await scan.next();
  while (!step.done) step = await scan.next();
  return step.value;
};

/** Waits, or until the signal. */
const passed = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
