// SharedConfig in one file: for a core that is one process. Another process (the command line) may change it too; a change is
// seen within a second. Two who change it at the same instant from two processes: the later file holds.
// Port: shared-config.port.ts. Members are those of this process.
import { existsSync, readFileSync } from 'node:fs';
import { type Clock, replacePrivateFile } from '#libs/runtime';
import {
  changeFault,
  type ConfigChange,
  ConfigConflict,
  type ConfigEntry,
  ConfigUnavailable,
  HISTORY_MAX,
  type Member,
  type SharedConfig,
} from '../../shared-config.port.js';

export const LOOK_MS = 1_000;

export type FileSharedConfigOptions = Readonly<{ file: string; clock: Clock }>;

type Stored = Omit<ConfigChange, 'value'> & Readonly<{ value: string | null }>;
/** By key, the oldest change first. */
type Changes = ReadonlyMap<string, readonly ConfigChange[]>;

export const createFileSharedConfig = (options: FileSharedConfigOptions): SharedConfig =>
  new FileSharedConfig(options);

class FileSharedConfig implements SharedConfig {
  readonly #members = new Map<string, Member>();
  readonly #stops = new Set<() => void>();

  constructor(private readonly options: FileSharedConfigOptions) {}

  get(key: string): Promise<ConfigEntry | undefined> {
    return this.#now(() => newestOf(this.#read().get(key)));
  }

  list(): Promise<readonly ConfigEntry[]> {
    return this.#now(() =>
      [...this.#read().values()]
        .map(newestOf)
        .filter((entry) => entry !== undefined)
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    );
  }

  set(
    key: string,
    value: string | undefined,
    { by, expected }: Readonly<{ by: string; expected?: number }>,
  ): Promise<ConfigChange> {
    return this.#now(() => {
      const fault = changeFault(key, value);
      if (fault) throw fault;
      const changes = new Map(this.#read());
      const held = changes.get(key) ?? [];
      const at = held.at(-1)?.revision ?? 0;
      if (expected !== undefined && expected !== at)
        throw new ConfigConflict(`${key} is at revision ${at}, not ${expected}`);
      const change = { key, value, revision: at + 1, by, atMs: this.options.clock.nowMs() };
      changes.set(key, [...held, change].slice(-HISTORY_MAX));
      this.#write(changes);
      return change;
    });
  }

  history(key: string): Promise<readonly ConfigChange[]> {
    return this.#now(() => [...(this.#read().get(key) ?? [])].reverse());
  }

  watch(onChange: (change: ConfigChange) => void): Promise<() => Promise<void>> {
    return this.#now(() => {
      const { clock } = this.options;
      let seen = this.#read();
      let cancel = (): void => undefined;
      const look = (): void => {
        cancel = clock.after(LOOK_MS, look);
        const now = this.#readOr(seen);
        for (const [key, changes] of now) {
          const last = seen.get(key)?.at(-1)?.revision ?? 0;
          for (const change of changes) if (change.revision > last) onChange(change);
        }
        seen = now;
      };
      cancel = clock.after(LOOK_MS, look);
      const stop = (): void => {
        cancel();
        this.#stops.delete(stop);
      };
      this.#stops.add(stop);
      return () => Promise.resolve(stop());
    });
  }

  join(member: Member): ReturnType<SharedConfig['join']> {
    this.#members.set(member.name, member);
    return Promise.resolve({
      tell: (data) => Promise.resolve(void this.#members.set(member.name, { ...member, data })),
      leave: () => Promise.resolve(void this.#members.delete(member.name)),
    });
  }

  members(): Promise<readonly Member[]> {
    return Promise.resolve([...this.#members.values()].sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  close(): Promise<void> {
    for (const stop of this.#stops) stop();
    return Promise.resolve();
  }

  #now<T>(run: () => T): Promise<T> {
    return new Promise((resolve) => resolve(run()));
  }

  #read(): Changes {
    const { file } = this.options;
    if (!existsSync(file)) return new Map();
    try {
      const stored = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, readonly Stored[]>>;
      return new Map(
        Object.entries(stored).map(([key, changes]) => [
          key,
          changes.map((change) => ({ ...change, value: change.value ?? undefined })),
        ]),
      );
    } catch (error) {
      throw new ConfigUnavailable(`${file} cannot be read: ${String(error)}`, { cause: error });
    }
  }

  /** What was known goes on to hold. */
  #readOr(known: Changes): Changes {
    try {
      return this.#read();
    } catch {
      return known;
    }
  }

  #write(changes: Changes): void {
    const stored = [...changes].map(([key, list]) => [
      key,
      list.map((change): Stored => ({ ...change, value: change.value ?? null })),
    ]);
    replacePrivateFile(this.options.file, `${JSON.stringify(Object.fromEntries(stored), undefined, 1)}\n`);
  }
}

const newestOf = (changes: readonly ConfigChange[] | undefined): ConfigEntry | undefined => {
  const newest = changes?.at(-1);
  return newest?.value === undefined ? undefined : { ...newest, value: newest.value };
};
