// Appends that wait on the disk of this machine while the log takes none: written durably, read back in order when it does, also by the next
// life of the process (docs/architecture.md §6). What was unknown is appended again, and so is what was being drained when a crash came, but for
// what the log then has: an append that nobody has heard of may still come in after that, so it is for events that may come twice, soon after
// each other. Used for charging facts, by the router and the edge.
import { type Clock, Pause } from '#libs/runtime';
import { type FilePort, type OpenFile, readWhole } from '../embedded/disk/file-port.js';
import {
  AppendRefused,
  AppendUnknown,
  type DomainEvent,
  type EventLog,
  type Topic,
} from '../../event-log.port.js';
import {
  type Entry,
  entriesOf,
  entryOf,
  leaveOut,
  lineOf,
  type Waiting,
  waitingOf,
} from './spooled-entries.js';

/** Appends that are not on disk yet; beyond it the newest is lost, and counted. */
export const UNWRITTEN_MAX = 50_000;
/** All files together; beyond it likewise. */
export const SPOOL_BYTES_MAX = 1024 * 1024 * 1024;
const FILE_BYTES = 1024 * 1024;
const WRITTEN_AT_ONCE = 1_000;
const APPENDS_AT_ONCE = 64;
export const AGAIN_MS = 1_000;

export type SpoolObserver = Readonly<{
  /** So many events are on disk now, and so many have come into the log from there. */
  spooled(events: number): void;
  drained(events: number): void;
  /** Neither the log nor the disk takes them. */
  lost(events: number, error: unknown): void;
  /** The log cannot be read, so what it may have already waits; looked at again soon. */
  unread(error: unknown): void;
}>;

export type AppendSpoolPorts = Readonly<{
  log: Pick<EventLog, 'append' | 'readAll'>;
  /** Of the streams that wait here. */
  topics: readonly Topic[];
  disk: FilePort;
  folder: string;
  clock: Clock;
  observe: SpoolObserver;
  bytesMax?: number;
}>;

type Writing = { readonly id: number; readonly file: OpenFile; bytes: number };

/** Names of its files. */
export const SPOOL_FILE = /^(\d{1,15})\.spool$/;
/** What is refused for its size or its content will always be. */
const isForLater = (error: unknown): boolean =>
  error instanceof AppendUnknown || (error instanceof AppendRefused && !error.isForGood);

/** Of a file from an earlier life; of one that cannot be opened what it may be. */
const sizeOf = async (disk: FilePort, path: string): Promise<number> => {
  try {
    const file = await disk.open(path, 'read');
    return await file.size().finally(() => file.close());
  } catch {
    return FILE_BYTES;
  }
};

export class AppendSpool {
  private unwritten: Entry[] = [];
  /** Files that are whole, oldest first; the one that is written comes behind them. */
  private files: number[] = [];
  private readonly sizes = new Map<number, number>();
  private writing: Writing | undefined;
  private nextId = 1;
  private isClosed = false;
  private writer: Promise<void> | undefined;
  private drainer: Promise<void> | undefined;
  private readonly pause: Pause;
  /** Of one file, what the log has not taken yet. */
  private left: readonly Waiting[] | undefined;
  /** Files of an earlier life that it may have drained, in part or whole. */
  private repeated: ReadonlySet<number> = new Set();

  private constructor(private readonly ports: AppendSpoolPorts) {
    this.pause = new Pause(ports.clock);
  }

  /** Opens the folder; what is there from an earlier life is drained from now on. */
  static async open(ports: AppendSpoolPorts): Promise<AppendSpool> {
    const spool = new AppendSpool(ports);
    await ports.disk.makeFolder(ports.folder);
    for (const name of await ports.disk.list(ports.folder)) {
      const [, id] = SPOOL_FILE.exec(name) ?? [];
      if (id === undefined) continue;
      spool.files.push(Number(id));
      spool.sizes.set(Number(id), await sizeOf(ports.disk, spool.pathOf(Number(id))));
    }
    spool.files.sort((a, b) => a - b);
    // Files go in their order: what is missing was drained, and then at most one was being drained.
    const { files } = spool;
    const last = files.findLastIndex((id, at) => at === 0 || id !== (files[at - 1] ?? 0) + 1);
    spool.repeated = new Set(files.slice(0, last + 1));
    spool.nextId = (spool.files.at(-1) ?? 0) + 1;
    spool.drainSoon();
    return spool;
  }

  /** Something waits: whatever comes after it in its stream is to wait here too. */
  get isHolding(): boolean {
    return this.unwritten.length > 0 || this.files.length > 0 || this.writing !== undefined;
  }

  /**
   * Takes events of one stream. Nobody waits for it: it is on disk within moments.
   * `mayBeThere`: they were appended, and nobody knows what became of it.
   */
  put(stream: string, events: readonly DomainEvent[], mayBeThere = false): void {
    const { observe } = this.ports;
    if (this.unwritten.length >= UNWRITTEN_MAX || this.isClosed)
      return observe.lost(events.length, new Error(this.isClosed ? 'the spool is closed' : 'too many wait'));
    this.unwritten.push({ stream, events, ...(mayBeThere ? { mayBeThere } : {}) });
    this.writer ??= this.write().finally(() => (this.writer = undefined));
  }

  /** Resolves when what was put is on disk; the rest is the next life's. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.pause.end();
    await this.drainer;
    await this.writer;
    await this.endFile();
  }

  private async write(): Promise<void> {
    while (this.unwritten.length > 0) {
      const entries = this.unwritten.slice(0, WRITTEN_AT_ONCE);
      const count = entries.reduce((sum, { events }) => sum + events.length, 0);
      try {
        const isRoom = await this.writeDurably(Buffer.from(entries.map(lineOf).join('')));
        this.unwritten.splice(0, entries.length);
        if (isRoom) this.ports.observe.spooled(count);
        else this.ports.observe.lost(count, new Error('the spool is full'));
      } catch (error) {
        await this.abandonFile();
        // They stay in memory: the disk may have room again, or the log be back. At the end of the process there is no later.
        if (this.isClosed) {
          this.unwritten.splice(0, entries.length);
          this.ports.observe.lost(count, error);
        } else if (!(await this.passDisk(entries))) await this.pause.wait(AGAIN_MS);
      }
      this.drainSoon();
    }
  }

  /** Into the log at once, when nothing older is on disk. False: it does not take them. */
  private async passDisk(entries: readonly Entry[]): Promise<boolean> {
    if (this.files.length > 0) return false;
    const left = await this.give(waitingOf(entries, false));
    this.unwritten.splice(0, entries.length, ...left.map(entryOf));
    return left.length === 0;
  }

  private async writeDurably(bytes: Buffer): Promise<boolean> {
    const { disk, folder, bytesMax = SPOOL_BYTES_MAX } = this.ports;
    const used = [...this.sizes.values()].reduce((sum, size) => sum + size, this.writing?.bytes ?? 0);
    if (used + bytes.length > bytesMax) return false;
    if (this.writing === undefined) {
      const id = this.nextId++;
      const file = await disk.open(this.pathOf(id), 'write');
      this.writing = { id, file, bytes: 0 };
      await disk.syncFolder(folder);
    }
    const { writing } = this;
    await writing.file.writeDurably(bytes, writing.bytes);
    writing.bytes += bytes.length;
    if (writing.bytes >= FILE_BYTES) await this.endFile();
    return true;
  }

  /** The file that is written is whole: it may be drained. */
  private async endFile(): Promise<void> {
    const { writing } = this;
    if (writing === undefined) return;
    this.writing = undefined;
    this.sizes.set(writing.id, writing.bytes);
    this.files.push(writing.id);
    await writing.file.close();
  }

  /** What was written before is whole; nothing more goes behind a torn line. One that holds nothing is taken away. */
  private async abandonFile(): Promise<void> {
    const { writing } = this;
    if (writing === undefined || writing.bytes > 0) return this.endFile().catch(() => undefined);
    this.writing = undefined;
    await writing.file.close().catch(() => undefined);
    await this.ports.disk.remove(this.pathOf(writing.id)).catch(() => undefined);
  }

  private drainSoon(): void {
    if (this.isClosed) return;
    this.drainer ??= this.drain().finally(() => (this.drainer = undefined));
  }

  private async drain(): Promise<void> {
    while (!this.isClosed && this.isHolding) {
      if (this.files.length === 0) {
        // Not while it is written: a write would fail.
        while (this.writer !== undefined) await this.writer;
        await this.endFile();
      }
      const [id] = this.files;
      if (id === undefined) return;
      if (await this.drainFile(id)) this.files.shift();
      else await this.pause.wait(AGAIN_MS);
    }
  }

  /** False: the log does not take all of it yet. */
  private async drainFile(id: number): Promise<boolean> {
    const { disk, observe } = this.ports;
    try {
      this.left ??= waitingOf(
        entriesOf((await readWhole(disk, this.pathOf(id))) ?? Buffer.alloc(0)),
        this.repeated.has(id),
      );
    } catch (error) {
      // It stays where it is, for the next life.
      observe.lost(1, error);
      return true;
    }
    const left = await this.give(this.left);
    this.left = left.length > 0 ? left : undefined;
    if (left.length === 0) await this.remove(id);
    return left.length === 0;
  }

  /** Into the log, but for what it has. Returns what it does not take now. */
  private async give(waiting: readonly Waiting[]): Promise<readonly Waiting[]> {
    if (!(await this.lookWhatIsThere(waiting))) return waiting;
    const queue = [...waiting];
    let isAway = false;
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined && !isAway; next = queue.shift())
        if (!(await this.append(next))) isAway = true;
    };
    await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, worker));
    return waiting.filter(({ portions }) => portions.length > 0);
  }

  /** One that cannot be removed is drained again by the next life, and so is one whose end was not synced. */
  private async remove(id: number): Promise<void> {
    const { disk, folder } = this.ports;
    try {
      await disk.remove(this.pathOf(id));
      this.sizes.delete(id);
      await disk.syncFolder(folder);
    } catch {
      // As said.
    }
  }

  /** One reading of the topics for all streams that are in doubt; false: the log cannot be read now. */
  private async lookWhatIsThere(waiting: readonly Waiting[]): Promise<boolean> {
    const { log, topics, observe } = this.ports;
    try {
      const count = await leaveOut(waiting, () => log.readAll(topics, 'oldest'));
      if (count > 0) observe.drained(count);
      return true;
    } catch (error) {
      observe.unread(error);
      return false;
    }
  }

  /** False: another time. A portion that the log will never take is lost, and what stands behind it goes on. */
  private async append(waiting: Waiting): Promise<boolean> {
    const { log, observe } = this.ports;
    const { stream, portions } = waiting;
    for (let portion = portions[0]; portion !== undefined; portion = portions[0]) {
      try {
        await log.append(stream, portion);
        observe.drained(portion.length);
      } catch (error) {
        waiting.mayBeThere ||= error instanceof AppendUnknown;
        if (isForLater(error)) return false;
        observe.lost(portion.length, error);
      }
      portions.shift();
    }
    return true;
  }

  private pathOf(id: number): string {
    return `${this.ports.folder}/${id}.spool`;
  }
}
