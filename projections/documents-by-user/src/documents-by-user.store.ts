// The rows of documents-by-user in their table, with those that calls asked for in memory.
// Written by whoever provisions documents before it answers, and by the projector, which repairs what a crash left out.
// One writer a process: batches go in the order they came.
import type { Position } from '#libs/decider';
import type { RecordedEvent } from '#libs/event-log';
import { PoisonEvent } from '#libs/projector';
import type { TableStore } from '#libs/stores';
import { type DocumentFact, type DocumentRow, evolveRow, keyOf } from './documents-by-user.js';

/** Documents, and users without one, remembered; beyond it the oldest goes and is read again when asked for. */
export const DOCUMENT_CACHE_MAX = 100_000;

export type DocumentsByUserPorts = Readonly<{
  table: TableStore<DocumentRow>;
  /** The accepted events of one stream from a revision on. */
  readStream: (stream: string, fromRevision: number) => AsyncIterable<DocumentFact>;
  /** Other processes write the table too: what an event is about is read again, though the row shows the event already. */
  isShared?: boolean;
  cacheMax?: number;
}>;

export class DocumentsByUser {
  /** By id; null: no document. */
  private readonly cache = new Map<string, DocumentRow | null>();
  /** Goes up with each change, so that what was read before it is not remembered. */
  private changes = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly ports: DocumentsByUserPorts) {}

  // ---- Writing ----

  /** Folds events into the view. Readers of this process see them when it resolves. Repeats change nothing. */
  apply(events: readonly DocumentFact[], checkpoint?: Position): Promise<void> {
    const done = this.writing.then(() => this.write(events, checkpoint));
    // A failed batch is its callers' failure; the next one reads the rows afresh.
    this.writing = done.catch(() => undefined);
    return done;
  }

  checkpoint(): Promise<Position | undefined> {
    return this.ports.table.checkpoint();
  }

  /** The first step of a rebuild. */
  async clear(): Promise<void> {
    await this.writing;
    await this.ports.table.clear();
    this.changes++;
    this.cache.clear();
  }

  private async write(events: readonly DocumentFact[], checkpoint: Position | undefined): Promise<void> {
    const touched = events.flatMap((recorded) => {
      const key = keyOf(recorded.stream);
      return key === undefined ? [] : [{ key, recorded }];
    });
    if (touched.length === 0 && checkpoint === undefined) return;
    const keys = [...new Set(touched.map(({ key }) => key))];
    const before = keys.length === 0 ? new Map<string, DocumentRow>() : await this.ports.table.getMany(keys);
    const after = new Map<string, DocumentRow>();
    for (const { key, recorded } of touched) {
      const held = after.get(key) ?? before.get(key);
      const row = this.fold(held, recorded);
      if (row !== held) after.set(key, row);
    }
    const changes = [...after].map(([key, row]) => ({ key, row, position: row.at }));
    if (changes.length > 0 || checkpoint !== undefined) await this.ports.table.apply(changes, checkpoint);
    if (this.ports.isShared) for (const key of keys) this.cache.delete(key);
    for (const [key, row] of after) this.remember(key, row);
    if (after.size > 0 || this.ports.isShared) this.changes++;
  }

  private fold(row: DocumentRow | undefined, recorded: DocumentFact): DocumentRow {
    try {
      return evolveRow(row, recorded);
    } catch (error) {
      throw new PoisonEvent(recorded as RecordedEvent, error);
    }
  }

  // ---- Reading ----

  /** In memory already: no promise. null: the user has none; undefined: ask `xml`. */
  peek(id: string): string | null | undefined {
    const row = this.cache.get(id);
    return row === undefined ? undefined : (row?.state?.xml ?? null);
  }

  /** The document; undefined when there is none. Rejects with StoreUnavailable when that is not certain. */
  async xml(id: string): Promise<string | undefined> {
    const cached = this.cache.get(id);
    if (cached !== undefined) return cached?.state?.xml;
    const { changes } = this;
    const row = await this.ports.table.get(id);
    if (changes === this.changes) this.remember(id, row ?? null);
    return row?.state?.xml;
  }

  /** The row that a stream is folded into, as a decision needs it: with its revision. */
  head(stream: string): Promise<DocumentRow | undefined> {
    const key = keyOf(stream);
    if (key === undefined) throw new Error(`${stream} is not a stream of this view`);
    return this.ports.table.get(key);
  }

  /** Brings a row up to the log: after a conflict, when another writer's events are not here yet. */
  async catchUp(stream: string): Promise<void> {
    const held = (await this.head(stream))?.revision ?? 0;
    const missed: DocumentFact[] = [];
    for await (const recorded of this.ports.readStream(stream, held + 1)) missed.push(recorded);
    await this.apply(missed);
  }

  private remember(id: string, row: DocumentRow | null): void {
    const { cacheMax = DOCUMENT_CACHE_MAX } = this.ports;
    if (this.cache.size >= cacheMax && !this.cache.has(id))
      this.cache.delete(this.cache.keys().next().value!);
    this.cache.set(id, row);
  }
}
