// Writes the log's events into the archive, each once, in order, chained, however often they come: by where each stream ends there, and
// by each event's position. Who falls behind, is killed or loses an answer goes on from its checkpoint and finds what is there already.
// Written by libs/projector's loop; its table remembers how far it is and where each chain stands.
import {
  APPEND_BYTES_MAX,
  type Archive,
  ArchiveConflict,
  type ArchiveEntry,
  ENTRIES_PER_APPEND_MAX,
  EntriesRefused,
} from '#libs/archive';
import type { Checkpoint, Position } from '#libs/decider';
import type { RecordedEvent } from '#libs/event-log';
import { PoisonEvent, type ProjectionSink } from '#libs/projector';
import { StoreUnavailable, type TableStore } from '#libs/stores';
import { type Archivable, archivableOf, factsOf, isAfter } from './archived-event.js';
import { GENESIS, linkAfter, linked, placeOf } from './chain.js';
import type { ChainHead } from './signed-head.js';

/** Streams appended to at the same time. */
export const APPENDS_MAX = 16;
/** Streams whose end in the archive is remembered; the oldest is forgotten, and found again at its next conflict. */
export const ENDS_MAX = 100_000;
/** Rounds of finding out where streams end; beyond it others write them, and the batch comes again later. */
const ROUNDS_MAX = 5;
/** Room for what stands around data and metadata. */
const ENTRY_OVERHEAD_BYTES = 256;

export type ArchiveSinkPorts = Readonly<{
  archive: Archive;
  table: TableStore<ChainHead>;
  /** Schema version that an event of a type is in. */
  versionOf: (stream: string, type: string) => number;
  report?: (message: string) => void;
  /** For metrics: events written, and events that were there. */
  onWritten?: (written: number, known: number) => void;
}>;

type End = Readonly<{ ordinal: number; position: Position | undefined }>;
type ToWrite = Readonly<{ recorded: RecordedEvent; entry: ArchiveEntry; bytes: number }>;
type Count = { written: number };
/** Hashes that events have in the archive; undefined: the event is passed over there. */
type There = Map<string, string | undefined>;

const keyOf = (stream: string, { generation, offset }: Position): string =>
  `${generation}/${offset}/${stream}`;

export class ArchiveSink implements ProjectionSink {
  /** By place: the newest link. */
  readonly #heads = new Map<string, ChainHead>();
  /** Where streams end in the archive, as far as it is known. */
  readonly #ends = new Map<string, End>();
  #saved: Checkpoint | undefined;
  /** After a start: some may be there already. Until a batch of which nothing is, each stream's end is asked for first. */
  #isCautious = true;

  constructor(private readonly ports: ArchiveSinkPorts) {}

  /** The newest link of each chain. */
  heads(): readonly ChainHead[] {
    return [...this.#heads.values()];
  }

  async checkpoint(): Promise<Checkpoint | undefined> {
    const { table } = this.ports;
    this.#heads.clear();
    for (let after: string | undefined; ;) {
      const page = await table.scan({ limit: 1_000, ...(after === undefined ? {} : { after }) });
      for (const [place, head] of page) this.#heads.set(place, head);
      after = page.at(-1)?.[0];
      if (page.length < 1_000) break;
    }
    this.#saved = await table.checkpoint();
    return this.#saved;
  }

  /** A rebuild reads the log anew; what is archived stays, and is found there. */
  async clear(): Promise<void> {
    await this.ports.table.clear();
    this.#heads.clear();
    this.#saved = undefined;
    this.#isCautious = true;
  }

  async apply(events: readonly RecordedEvent[], checkpoint?: Checkpoint): Promise<void> {
    this.#tellOfGap(events);
    const archivables = events.map((recorded) => this.#archivable(recorded));
    const there: There = new Map();
    const count = { written: 0 };
    if (this.#isCautious) await this.#findEnds(new Set(events.map(({ stream }) => stream)), events, there);
    for (let round = 0; ; round += 1) {
      if (round === ROUNDS_MAX) throw new StoreUnavailable('others write the same streams of the archive');
      const { heads, writes } = this.#chain(events, archivables, there);
      const conflicting = await this.#writeAll(writes, count);
      if (conflicting.size === 0) {
        await this.#settle(heads, checkpoint, events.length, count.written);
        return;
      }
      await this.#findEnds(conflicting, events, there);
    }
  }

  #archivable(recorded: RecordedEvent): Archivable & Readonly<{ bytes: number }> {
    const archivable = archivableOf(recorded, this.ports.versionOf(recorded.stream, recorded.event.type));
    const { entry, facts } = archivable;
    const bytes = Buffer.byteLength(JSON.stringify(entry.data)) + JSON.stringify(facts).length + ENTRY_OVERHEAD_BYTES;
    // Found out before anything is chained to it.
    if (bytes > APPEND_BYTES_MAX) throw new PoisonEvent(recorded, `${bytes} bytes are too large for the archive`);
    return { ...archivable, bytes };
  } // prettier-ignore

  /** Each event's link, from where the chains stand; and what is to be written. Changes nothing. */
  #chain(
    events: readonly RecordedEvent[],
    archivables: readonly (Archivable & Readonly<{ bytes: number }>)[],
    there: There,
  ) {
    const heads = new Map<string, ChainHead>();
    const writes = new Map<string, ToWrite[]>();
    for (const [index, recorded] of events.entries()) {
      const archivable = archivables[index];
      if (!archivable) continue;
      const { stream, position } = recorded;
      const place = placeOf(archivable.facts);
      const head = heads.get(place) ?? this.#heads.get(place);
      const link = linkAfter(head?.hash ?? GENESIS, archivable);
      const key = keyOf(stream, position);
      const end = this.#ends.get(stream)?.position;
      const isThere = there.has(key) || (end !== undefined && !isAfter(position, end));
      // What is there says its own link: it may have been made by an older program.
      const hash = there.get(key) ?? link.hash;
      if (isThere) there.set(key, hash);
      else {
        const stretch = writes.get(stream) ?? [];
        stretch.push({ recorded, entry: linked(archivable, link), bytes: archivable.bytes });
        writes.set(stream, stretch);
      }
      heads.set(place, { place, hash, count: (head?.count ?? 0) + 1, position });
    }
    return { heads, writes };
  }

  /** Resolves with the streams that end elsewhere than was thought. Others of the batch are written. */
  async #writeAll(
    writes: ReadonlyMap<string, readonly ToWrite[]>,
    count: Count,
  ): Promise<ReadonlySet<string>> {
    const conflicting = new Set<string>();
    await eachOf([...writes], async ([stream, stretch]) => {
      try {
        await this.#write(stream, stretch, count);
      } catch (error) {
        if (!(error instanceof ArchiveConflict)) throw error;
        conflicting.add(stream);
      }
    });
    return conflicting;
  }

  async #write(stream: string, stretch: readonly ToWrite[], count: Count): Promise<void> {
    for (const part of partsOf(stretch)) {
      const ordinal = this.#ends.get(stream)?.ordinal ?? 0;
      try {
        await this.ports.archive.append(stream, part.map(({ entry }) => entry), ordinal); // prettier-ignore
      } catch (error) {
        const [first] = part;
        if (error instanceof EntriesRefused && first) throw new PoisonEvent(first.recorded, error);
        throw error;
      }
      count.written += part.length;
      this.#remember(stream, { ordinal: ordinal + part.length, position: part.at(-1)?.recorded.position });
    }
  }

  #remember(stream: string, end: End): void {
    this.#ends.delete(stream);
    this.#ends.set(stream, end);
    if (this.#ends.size <= ENDS_MAX) return;
    const [oldest] = this.#ends.keys();
    if (oldest !== undefined) this.#ends.delete(oldest);
  }

  /** Reads back where streams end, and which links the batch's events have there. */
  async #findEnds(
    streams: ReadonlySet<string>,
    events: readonly RecordedEvent[],
    there: There,
  ): Promise<void> {
    await eachOf([...streams], async (stream) => {
      const own = events.filter((recorded) => recorded.stream === stream);
      const lowest = own[0]?.position;
      let end: End = { ordinal: 0, position: undefined };
      for await (const entry of this.ports.archive.read(stream, 'backwards')) {
        const facts = factsOf(entry);
        if (!facts) throw new StoreUnavailable(`${stream} of the archive holds what is no event of the log`);
        if (end.ordinal === 0) end = { ordinal: entry.ordinal, position: facts.position };
        if (lowest === undefined || isAfter(lowest, facts.position)) break;
        there.set(keyOf(stream, facts.position), facts.chain?.hash);
      }
      this.#remember(stream, end);
    });
  }

  async #settle(
    heads: ReadonlyMap<string, ChainHead>,
    checkpoint: Checkpoint | undefined,
    events: number,
    written: number,
  ): Promise<void> {
    const changes = [...heads].map(([key, head]) => ({
      key,
      row: head,
      // A parked event comes late: rows are ordered by how often they changed, not by what changed them.
      position: { generation: 1, partition: 0, offset: head.count },
    }));
    if (changes.length > 0 || checkpoint) await this.ports.table.apply(changes, checkpoint);
    for (const [place, head] of heads) this.#heads.set(place, head);
    this.#saved = checkpoint ?? this.#saved;
    if (events > 0) this.#isCautious = written < events;
    this.ports.onWritten?.(written, events - written);
  }

  /** All topics are read, so that a log with one order has no holes: one is what its retention took before it was archived. */
  #tellOfGap(events: readonly RecordedEvent[]): void {
    const [first] = events;
    const saved = this.#saved;
    if (!first || !saved || saved.cursors || saved.generation !== first.position.generation) return;
    const gap = first.position.offset - saved.offset - 1;
    if (gap > 0 && this.#isCautious)
      this.ports.report?.(`${gap} events before offset ${first.position.offset} were parked, or are no longer in the log: the archive lacks them`);
  } // prettier-ignore
}

/** What goes into one append each. */
const partsOf = (stretch: readonly ToWrite[]): readonly (readonly ToWrite[])[] => {
  const parts: ToWrite[][] = [];
  let bytes = 0;
  for (const one of stretch) {
    const part = parts.at(-1);
    if (!part || part.length === ENTRIES_PER_APPEND_MAX || bytes + one.bytes > APPEND_BYTES_MAX) {
      parts.push([one]);
      bytes = one.bytes;
    } else {
      part.push(one);
      bytes += one.bytes;
    }
  }
  return parts;
};

/** Some at a time. All that began have ended when it rejects, with the first error. */
const eachOf = async <T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> => {
  const left = items.values();
  const faults: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of left) {
      if (faults.length > 0) return;
      await run(item).catch((error: unknown) => void faults.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(APPENDS_MAX, items.length) }, worker));
  if (faults.length > 0) throw faults[0];
};
