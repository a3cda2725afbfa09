// A projection folded into rows that handlers write too (merge streams): each row takes its events by compare-and-set.
// The rows live in memory or in a cache; how far they go is remembered by snapshots, taken now and then.
import { type Checkpoint, comparePositions } from '#libs/decider';
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
  checkpoint(): Promise<Checkpoint | undefined>;
  /** Keeps the rows as they are now, as of the position. */
  save(position: Checkpoint): Promise<void>;
  clear(): Promise<void>;
}

/** A store that can write its rows to a file; libs/stores' checkpointed key-value store is one. */
export interface SnapshottingStore {
  get(key: string): Promise<Readonly<{ version: unknown }> | undefined>;
  remove(key: string, version: unknown): Promise<boolean>;
  entries(): Iterable<readonly [string, unknown]>;
  snapshot(file: string, position: Checkpoint): Promise<unknown>;
}

/**
 * Snapshots of a store in one file. `restored` is the position that restoring it gave, if any. The projection's version
 * belongs into the file's name: a raised one then finds no file and folds from the start.
 */
export const createRowSnapshots = (
  store: SnapshottingStore,
  file: string,
  restored: Checkpoint | undefined,
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
  const { projection, rows } = options;
  const taker = new SnapshotTaker(options);
  return {
    checkpoint: async () => options.snapshots?.checkpoint(),

    async clear() {
      await taker.forget();
      await options.snapshots?.clear();
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
      if (checkpoint && options.snapshots) taker.applied(checkpoint, events.length);
    },

    flush: () => taker.flush(),
  };
};

/** Takes snapshots of what was applied, now and then. */
class SnapshotTaker {
  private at: Checkpoint | undefined;
  private saved: Checkpoint | undefined;
  private savedMs: number;
  private eventsSince = 0;
  private saving: Promise<void> | undefined;
  private cancelLater: (() => void) | undefined;

  constructor(private readonly options: Omit<RowsSinkOptions<never>, 'projection' | 'rows'>) {
    this.savedMs = options.clock.monotonicMs();
  }

  applied(checkpoint: Checkpoint, events: number): void {
    const { snapshotEvents = SNAPSHOT_EVENTS, snapshotIntervalMs = SNAPSHOT_INTERVAL_MS } = this.options;
    this.at = checkpoint;
    this.eventsSince += events;
    const sinceMs = this.options.clock.monotonicMs() - this.savedMs;
    if (this.eventsSince >= snapshotEvents || sinceMs >= snapshotIntervalMs) this.takeSoon(sinceMs);
  }

  /** Nothing is applied any more: the view is empty. */
  async forget(): Promise<void> {
    this.cancel();
    await this.saving;
    this.at = this.saved = undefined;
  }

  async flush(): Promise<void> {
    this.cancel();
    await this.saving;
    this.take();
    await this.saving;
  }

  /** At once, or when the pause is over: also if nothing more is applied until then. */
  private takeSoon(sinceMs: number): void {
    const { clock, snapshotPauseMs = SNAPSHOT_PAUSE_MS } = this.options;
    if (sinceMs >= snapshotPauseMs) {
      this.cancel();
      this.take();
    } else {
      this.cancelLater ??= clock.after(snapshotPauseMs - sinceMs, () => {
        this.cancelLater = undefined;
        this.take();
      });
    }
  }

  private cancel(): void {
    this.cancelLater?.();
    this.cancelLater = undefined;
  }

  private take(): void {
    const isNews = this.at && (!this.saved || comparePositions(this.at, this.saved) > 0);
    if (this.at && isNews && !this.saving) this.saving = this.save(this.at);
  }

  private async save(position: Checkpoint): Promise<void> {
    const { clock, snapshots, onSnapshotFailure } = this.options;
    this.savedMs = clock.monotonicMs();
    this.eventsSince = 0;
    try {
      await snapshots?.save(position);
      this.saved = position;
    } catch (error) {
      onSnapshotFailure?.(error);
    } finally {
      this.saving = undefined;
    }
  }
}
