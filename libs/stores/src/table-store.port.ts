// Long-lived views: one row a key, written by projections, decided by the log's order.
// Adapters: embedded (SQLite off the main thread, cached), Cassandra. Contract: contract/table-store.contract.ts.
import type { Checkpoint, Position } from '#libs/decider';

/** A write of one row; `row` undefined deletes. A write at or below the row's position changes nothing. */
export type RowChange<R> = Readonly<{ key: string; row: R | undefined; position: Position }>;

export interface TableStore<R> {
  get(key: string): Promise<R | undefined>;
  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, R>>;
  /** Applies all changes and the checkpoint (the position up to which the log is folded) together, durably. */
  apply(changes: readonly RowChange<R>[], checkpoint?: Checkpoint): Promise<void>;
  checkpoint(): Promise<Checkpoint | undefined>;
  /** Rows in key order after `after`, at most `limit`; a key prefix narrows it. */
  scan(options: {
    after?: string;
    prefix?: string;
    limit: number;
  }): Promise<readonly (readonly [string, R])[]>;
  /** Empties the table and its checkpoint: the first step of a rebuild. */
  clear(): Promise<void>;
}
