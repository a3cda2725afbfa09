// An archive in memory, the twin of EventStoreDB for tests: the same port, the same rule, gone with the process.
import { StoreUnavailable } from '#libs/stores';
import {
  type Archive,
  ArchiveConflict,
  type ArchivedEntry,
  type ArchiveEntry,
  ENTRIES_PER_APPEND_MAX,
  EntriesRefused,
} from '../../archive.port.js';
import { judgeAppend } from '../../judge-append.js';

/** Several may look at one of these: it is what a server would hold. */
export class MemoryArchiveServer {
  readonly all: ArchivedEntry[] = [];
  readonly streams = new Map<string, ArchivedEntry[]>();

  append(stream: string, entries: readonly ArchiveEntry[], expected: number | 'anywhere'): void {
    if (entries.length > ENTRIES_PER_APPEND_MAX)
      throw new EntriesRefused(`more than ${ENTRIES_PER_APPEND_MAX} entries`);
    const held = this.streams.get(stream) ?? [];
    const ids = entries.map(({ id }) => id);
    const verdict = judgeAppend(
      held.map(({ id }) => id),
      ids,
      expected === 'anywhere' ? 'any' : expected,
    );
    if (verdict.kind === 'conflict')
      throw new ArchiveConflict(stream, expected === 'anywhere' ? held.length : expected);
    if (verdict.kind === 'known') return;
    for (const entry of entries) {
      // As over a wire: what comes back is what JSON keeps of it.
      const copy = JSON.parse(JSON.stringify(entry)) as ArchiveEntry;
      const archived = { ...copy, stream, ordinal: held.length + 1 };
      held.push(archived);
      this.all.push(archived);
    }
    this.streams.set(stream, held);
  }
}

export const createMemoryArchive = (server = new MemoryArchiveServer()): Archive => {
  let isClosed = false;
  const whileOpen = <T>(run: () => T): Promise<T> =>
    Promise.resolve().then(() => {
      if (isClosed) throw new StoreUnavailable('the archive is closed');
      return run();
    });
  async function* each(entries: () => readonly ArchivedEntry[]): AsyncGenerator<ArchivedEntry> {
    yield* await whileOpen(() => [...entries()]);
  }
  return {
    append: (stream, entries, expected) => whileOpen(() => server.append(stream, entries, expected)),
    newest: (stream) => whileOpen(() => server.streams.get(stream)?.at(-1)),
    read: (stream, direction = 'forwards') =>
      each(() => {
        const held = server.streams.get(stream) ?? [];
        return direction === 'forwards' ? held : held.toReversed();
      }),
    readAll: () => each(() => server.all),
    close: () => Promise.resolve(void (isClosed = true)),
  };
};
