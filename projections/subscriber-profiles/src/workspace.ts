// One batch of events folded onto the rows it touches: which writes make the table hold them.
// Used by subscriber-profiles.store. An event that a row holds already is skipped; a gap is filled from the log.
import { SUBSCRIBER_STREAM } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import { PoisonEvent } from '#libs/projector';
import type { RowChange, TableStore } from '#libs/stores';
import {
  evolveRow,
  type FoldableEvent,
  type FoldedRow,
  indexChanges,
  keyOf,
  revisionOf,
  type SubscriberProfilesRow,
} from './subscriber-profiles.js';

/** The accepted events of one stream from a revision on. */
export type ReadStream = (stream: string, fromRevision: number) => AsyncIterable<FoldableEvent>;

/** Rows as they will be after the batch in hand, and the writes that make them so. */
export class Workspace {
  private readonly rows = new Map<string, FoldedRow | undefined>();
  /** The rows that the batch changes, as they were before it. */
  private readonly before = new Map<string, FoldedRow | undefined>();
  readonly changes: RowChange<SubscriberProfilesRow>[] = [];

  constructor(
    private readonly table: TableStore<SubscriberProfilesRow>,
    private readonly readStream: ReadStream,
  ) {}

  async load(keys: readonly string[]): Promise<void> {
    const found = await this.table.getMany(keys);
    for (const key of keys) this.rows.set(key, found.get(key) as FoldedRow | undefined);
  }

  /** Rows that the batch changed, as they were before and as they are after it. */
  *changed(): Generator<readonly [key: string, before: FoldedRow | undefined, row: FoldedRow]> {
    for (const [key, before] of this.before) {
      const row = this.rows.get(key);
      if (row) yield [key, before, row];
    }
  }

  /** Rows that events were about, and that showed them already: another process may have written them. */
  *unchanged(): Generator<readonly [key: string, row: FoldedRow]> {
    for (const [key, row] of this.rows) if (row && !this.before.has(key)) yield [key, row];
  }

  async take(recorded: FoldableEvent): Promise<void> {
    const key = keyOf(recorded.stream);
    if (key === undefined) return;
    const held = revisionOf(this.rows.get(key));
    const revision = recorded.revision;
    if (revision === held + 1) this.fold(key, recorded, revision);
    else if (revision === undefined || revision > held) {
      for await (const missed of this.readStream(recorded.stream, held + 1)) {
        const next = revisionOf(this.rows.get(key)) + 1;
        if (missed.revision === next) this.fold(key, missed, next);
      }
    }
  }

  private fold(key: string, recorded: FoldableEvent, revision: number): void {
    const before = this.rows.get(key);
    const row = foldOrPoison(before, recorded, revision);
    this.rows.set(key, row);
    if (!this.before.has(key)) this.before.set(key, before);
    this.changes.push({ key, row, position: recorded.position });
    if (row.kind === 'irs') {
      const held = before?.kind === 'irs' ? before.state : undefined;
      this.changes.push(...indexChanges(recorded.stream.slice(SUBSCRIBER_STREAM.length), held, row));
    }
  }
}

/** Names the event that cannot be folded, so that the projector puts its stream aside and goes on. */
const foldOrPoison = (
  before: FoldedRow | undefined,
  recorded: FoldableEvent,
  revision: number,
): FoldedRow => {
  try {
    return evolveRow(before, recorded, revision);
  } catch (error) {
    throw new PoisonEvent(recorded as RecordedEvent, error);
  }
};
