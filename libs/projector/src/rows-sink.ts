// A projection folded into rows that handlers write too (merge streams): each row takes its events by compare-and-set.
// The rows live in memory or in a cache; how far they go is remembered by snapshots, taken now and then.
import { comparePositions, type Position } from '#libs/decider';
import type { RecordedEvent } from '#libs/event-log';
import type { Clock } from '#libs/runtime';
import { keysOf, type Projection } from './projection.js';
import type { ProjectionSink } from './projection-sink.port.js';
import { orPoison } from './table-sink.js';

/** Rows by key; applying an event a second time changes nothing. */
export interface MergedRows {
  apply(key: string, events: readonly RecordedEvent[]): Promise<unknown>;
}

/** Rows kept over a restart: a snapshot holds at least every event up to its position. */
export interface RowSnapshots {
  /** The position of the snapshot that the rows were loaded from. */
  checkpoint(): Promise<Position | undefined>;
  /** Keeps the rows as they are now, as of the position. */
  save(position: Position): Promise<void>;
  clear(): Promise<void>;
}

/** A store that can write its rows to a file; libs/stores' checkpointed key-value store is one. */
export interface SnapshottingStore {
  get(key: string): Promise<Readonly<{ version: unknown }> | undefined>;
  remove(key: string, version: unknown): Promise<boolean>;
  entries(): Iterable<readonly [string, unknown]>;
  snapshot(file: string, position: Position): Promise<unknown>;
}

/**
 * Snapshots of a store in one file. `restored` is the position that restoring it gave, if any. The projection's version
 * belongs into the file's name: a raised one then finds no file and folds from the start.
 */
export const createRowSnapshots = (
  store: SnapshottingStore,
  file: string,
  restored: Position | undefined,
): RowSnapshots => ({
  checkpoint: () => Promise.resolve(restored),
  save: async (position) => {
    await store.snapshot(file, position);
  },
  async clear() {
    for (const [key] of [...store.entries()]) {
      const held = await store.get(key);
      if (held) await store.remove(key, held.version);
    }
  },
});

/** Between snapshots: what a start has to fold again. */
export const SNAPSHOT_INTERVAL_MS = 60_000;
export const SNAPSHOT_EVENTS = 200_000;
/** However many events come: a start that folds a million in seconds would take as long again for snapshots of what is half there. */
export const SNAPSHOT_PAUSE_MS = 10_000;

export type RowsSinkOptions<Row> = Readonly<{
  projection: Pick<Projection<Row>, 'keyOf' | 'name'>;
  rows: MergedRows;
  clock: Clock;
  /** Without, the rows are folded from the start of the log at each start. */
  snapshots?: RowSnapshots;
  snapshotIntervalMs?: number;
  snapshotEvents?: number;
  snapshotPauseMs?: number;
  /** A snapshot failed: the next start takes longer, nothing is lost. */
  onSnapshotFailure?: (error: unknown) => void;
}>;

export type RowsSink = ProjectionSink &
  Readonly<{
    /** Takes a snapshot of all that was applied: at the end of the process. */
    flush(): Promise<void>;
  }>;

export const createRowsSink = <Row>(options: RowsSinkOptions<Row>): RowsSink => {
  const { projection, rows, clock, snapshots, onSnapshotFailure } = options;
  const { snapshotIntervalMs = SNAPSHOT_INTERVAL_MS, snapshotEvents = SNAPSHOT_EVENTS } = options;
  const { snapshotPauseMs = SNAPSHOT_PAUSE_MS } = options;
  let applied: Position | undefined;
  let saved: Position | undefined;
  let savedMs = clock.monotonicMs();
  let eventsSince = 0;
  let saving: Promise<void> | undefined;
  let cancelLater: (() => void) | undefined;

  const save = async (position: Position): Promise<void> => {
    savedMs = clock.monotonicMs();
    eventsSince = 0;
    try {
      await snapshots?.save(position);
      saved = position;
    } catch (error) {
      onSnapshotFailure?.(error);
    } finally {
      saving = undefined;
    }
  };

  const isNews = (position: Position): boolean => !saved || comparePositions(position, saved) > 0;

  const saveApplied = (): void => {
    if (snapshots && applied && !saving && isNews(applied)) saving = save(applied);
  };

  const cancelSaving = (): void => {
    cancelLater?.();
    cancelLater = undefined;
  };

  /** At once, or when the pause is over: also if nothing more is applied until then. */
  const saveSoon = (sinceMs: number): void => {
    if (sinceMs >= snapshotPauseMs) {
      cancelSaving();
      saveApplied();
    } else
      cancelLater ??= clock.after(snapshotPauseMs - sinceMs, () => {
        cancelLater = undefined;
        saveApplied();
      });
  };

  return {
    checkpoint: async () => snapshots?.checkpoint(),

    async clear() {
      cancelSaving();
      await saving;
      applied = saved = undefined;
      await snapshots?.clear();
    },

    async apply(events, checkpoint) {
      const byKey = new Map<string, RecordedEvent[]>();
      for (const recorded of events) {
        for (const key of orPoison(recorded, () => keysOf(projection as Projection<Row>, recorded))) {
          const group = byKey.get(key);
          if (group) group.push(recorded);
          else byKey.set(key, [recorded]);
        }
      }
      for (const [key, group] of byKey) await rows.apply(key, group);
      if (!checkpoint) return;
      applied = checkpoint;
      eventsSince += events.length;
      const sinceMs = clock.monotonicMs() - savedMs;
      if (snapshots && (eventsSince >= snapshotEvents || sinceMs >= snapshotIntervalMs)) saveSoon(sinceMs);
    },

    async flush() {
      cancelSaving();
      await saving;
      if (snapshots && applied && isNews(applied)) await save(applied);
    },
  };
};
