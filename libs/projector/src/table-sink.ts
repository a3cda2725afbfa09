// A projection folded into a table: rows read, events folded, changes and checkpoint written together.
// Table: libs/stores table-store.port.ts, which itself drops a write that is not newer than the row.
import type { Checkpoint, Position } from '#libs/decider';
import type { RecordedEvent } from '#libs/event-log';
import type { RowChange, TableStore } from '#libs/stores';
import { keysOf, type Projection } from './projection.js';
import { PoisonEvent, type ProjectionSink } from './projection-sink.port.js';

type Folded<Row> = { row: Row | undefined; position: Position };

export const createTableSink = <Row>(
  projection: Projection<Row>,
  table: TableStore<Row>,
): ProjectionSink => ({
  checkpoint: () => table.checkpoint(),

  clear: () => table.clear(),

  async apply(events: readonly RecordedEvent[], checkpoint?: Checkpoint): Promise<void> {
    const touched = new Map<RecordedEvent, readonly string[]>();
    for (const recorded of events)
      touched.set(
        recorded,
        orPoison(recorded, () => keysOf(projection, recorded)),
      );
    const keys = [...new Set([...touched.values()].flat())];
    const rows = keys.length > 0 ? await table.getMany(keys) : new Map<string, Row>();

    const folded = new Map<string, Folded<Row>>();
    for (const [recorded, itsKeys] of touched) {
      for (const key of itsKeys) {
        const before = folded.has(key) ? folded.get(key)?.row : rows.get(key);
        const row = orPoison(recorded, () => projection.evolve(before, recorded, key));
        if (row !== before) folded.set(key, { row, position: recorded.position });
      }
    }
    const changes: RowChange<Row>[] = [...folded].map(([key, change]) => ({ key, ...change }));
    if (changes.length > 0 || checkpoint) await table.apply(changes, checkpoint);
  },
});

/** Names the event that a fold threw on, so that it alone is put aside. */
export const orPoison = <T>(recorded: RecordedEvent, run: () => T): T => {
  try {
    return run();
  } catch (error) {
    throw new PoisonEvent(recorded, error);
  }
};
