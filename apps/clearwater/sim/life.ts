// One life of a simulated process: its ports answer while it lives. Once it has ended nothing of it goes on, wherever it
// was, and nothing that it began is carried out: so a crash may fall between any two operations. Used by core.ts.
import type { EmbeddedLog, EventLog, FilePort, OpenFile } from '#libs/event-log';
import type { Homestead } from '#libs/homestead-client';
import type { KeyValueStore } from '#libs/stores';

/** Where a crash may be asked for: behind the append, before the row shows it; or behind that, before the answer. */
export type CrashPoint = 'append-apply' | 'apply-answer';

const NEVER = new Promise<never>(() => undefined);

export class Life {
  #ended = false;
  readonly #onEnd: (() => void)[] = [];
  /** The next registration that comes to this point ends the life there. */
  crashAt: CrashPoint | undefined;
  /** Where it ended, when it was at such a point. */
  struckAt: CrashPoint | undefined;
  /** Streams that a client's change was appended to, and not applied yet. */
  readonly #appended = new Set<string>();

  get ended(): boolean {
    return this.#ended;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const ended of this.#onEnd.splice(0)) ended();
  }

  /** Calls it as the life ends. */
  onEnd(ended: () => void): void {
    this.#onEnd.push(ended);
  }

  /** Does a piece of work, unless the life has ended; its outcome is learned only while it has not. */
  async of<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended) return NEVER;
    try {
      const done = await work();
      return this.#ended ? await NEVER : done;
    } catch (error) {
      if (this.#ended) return NEVER;
      throw error;
    }
  }

  appended(stream: string): void {
    this.#appended.add(stream);
    this.#reach('append-apply');
  }

  applied(stream: string): void {
    if (this.#appended.delete(stream)) this.#reach('apply-answer');
  }

  #reach(point: CrashPoint): void {
    if (this.crashAt !== point || this.#ended) return;
    this.struckAt = point;
    this.end();
  }
}

const mortalFile = (file: OpenFile, life: Life): OpenFile => ({
  size: () => life.of(() => file.size()),
  write: (bytes, at) => life.of(() => file.write(bytes, at)),
  datasync: () => life.of(() => file.datasync()),
  writeDurably: (bytes, at) => life.of(() => file.writeDurably(bytes, at)),
  read: (at, length) => life.of(() => file.read(at, length)),
  truncate: (length) => life.of(() => file.truncate(length)),
  close: () => life.of(() => file.close()),
});

export const mortalDisk = (disk: FilePort, life: Life): FilePort => ({
  makeFolder: (folder) => life.of(() => disk.makeFolder(folder)),
  list: (folder) => life.of(() => disk.list(folder)),
  open: (path, mode) => life.of(async () => mortalFile(await disk.open(path, mode), life)),
  rename: (from, to) => life.of(() => disk.rename(from, to)),
  remove: (path) => life.of(() => disk.remove(path)),
  syncFolder: (folder) => life.of(() => disk.syncFolder(folder)),
  lock: (path) => life.of(() => disk.lock(path)),
});

/** The log as handlers see it. A client's change that is durable is a point at which the process may crash. */
export const mortalLog = (log: EmbeddedLog | EventLog, life: Life): EventLog => ({
  append: (stream, events, options) =>
    life.of(async () => {
      const positions = await log.append(stream, events, options);
      const isClients = events.some(({ type }) => type === 'BindingAdded' || type === 'BindingRefreshed');
      if (isClients) life.appended(stream);
      return positions;
    }),
  read: (stream, from) => log.read(stream, from),
  readAll: (topics, startAt) => log.readAll(topics, startAt),
  subscribe: (options) => log.subscribe(options),
  close: () => life.of(() => log.close()),
});

/** A store of one process. `streamOf`: the stream behind a key, when a write of it is a point to crash at. */
export const mortalStore = <V>(
  store: KeyValueStore<V>,
  life: Life,
  streamOf?: (key: string) => string,
): KeyValueStore<V> => ({
  get: (key) => life.of(() => store.get(key)),
  getMany: (keys) => life.of(() => store.getMany(keys)),
  cas: (key, value, version, ttlS) =>
    life.of(async () => {
      const isWritten = await store.cas(key, value, version, ttlS);
      if (isWritten && streamOf !== undefined) life.applied(streamOf(key));
      return isWritten;
    }),
  remove: (key, version) => life.of(() => store.remove(key, version)),
  ...(store.entries === undefined ? {} : { entries: () => store.entries!() }),
});

export const mortalHomestead = (homestead: Homestead, life: Life): Homestead => ({
  authentication: (...question) => life.of(() => homestead.authentication(...question)),
  authVector: (...question) => life.of(() => homestead.authVector(...question)),
  registrationStatus: (...question) => life.of(() => homestead.registrationStatus(...question)),
  location: (...question) => life.of(() => homestead.location(...question)),
  regData: (...question) => life.of(() => homestead.regData(...question)),
});
