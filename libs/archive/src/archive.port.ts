// The archive: what is kept for ever, in streams that analysts read with clients of their own. Appended to, never changed.
// Adapters: EventStoreDB, memory. Contract: contract/archive.contract.ts. Written by projections/history-archive, read by apps/history.

/** What is written: a kind, JSON data, and what is said about it beside. */
export type ArchiveEntry = Readonly<{
  /** UUID, the same each time that the same thing is archived: the archive knows it again by that. */
  id: string;
  type: string;
  data: object;
  about: object;
}>;

/** What is there, with its place: the first entry of a stream has ordinal 1. */
export type ArchivedEntry = ArchiveEntry & Readonly<{ stream: string; ordinal: number }>;

/** Nothing was written: the stream does not end where it was expected to. Read its newest entry, and go on behind that. */
export class ArchiveConflict extends Error {
  constructor(
    readonly stream: string,
    readonly expected: number,
  ) {
    super(`${stream} does not end at entry ${expected} in the archive`);
  }
}

/** Nothing was written and never will be: it is the entries' fault (too large, a stream that was deleted for good). */
export class EntriesRefused extends Error {}

/** Every call rejects with StoreUnavailable (libs/stores) when it may work later; an append may have happened then. */
export interface Archive {
  /**
   * Appends to a stream that ends at entry `expected` (0: it has none), all or none; `anywhere` when its end does not matter.
   * Entries that are there already, at the very places where these would go, are known again by their ids, and not written twice;
   * of entries that are there in part only, none is written: ArchiveConflict.
   */
  append(stream: string, entries: readonly ArchiveEntry[], expected: number | 'anywhere'): Promise<void>;
  newest(stream: string): Promise<ArchivedEntry | undefined>;
  /** The entries of one stream, from the oldest on, or from the newest back. */
  read(stream: string, direction?: 'forwards' | 'backwards'): AsyncIterable<ArchivedEntry>;
  /** Everything that is there at the call, in the order in which it was written. */
  readAll(): AsyncIterable<ArchivedEntry>;
  /** Ends what is under way: it rejects. */
  close(): Promise<void>;
}

/** Entries of one append at most; a caller with more appends again. */
export const ENTRIES_PER_APPEND_MAX = 500;
/** Bytes of JSON of one append at most; EventStoreDB takes 1 MiB by default. */
export const APPEND_BYTES_MAX = 768 * 1024;
