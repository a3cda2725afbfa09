// What passes between the main thread and the SQLite worker. Types only: the worker runs without our imports.
// Written by sqlite-database.ts, read by sqlite-worker.ts, and back.

export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = readonly SqlValue[];

/** One statement, run once a set of parameters. */
export type SqlStatement = Readonly<{ sql: string; sets: readonly SqlRow[] }>;

/** One batch: its reads are answered first, then all writes are one transaction. */
export type SqlBatch = Readonly<{
  reads: readonly SqlStatement[];
  writes: readonly (readonly SqlStatement[])[];
}>;

/** Of a read: the rows a set of parameters; of a write: the rows changed, a statement and a set. */
export type SqlRead = readonly (readonly SqlRow[])[];
export type SqlWrite = readonly (readonly number[])[];
export type SqlAnswer<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; reason: string }>;

export type ToWorker = Readonly<{ kind: 'batch'; batch: SqlBatch }> | Readonly<{ kind: 'close' }>;
export type FromWorker =
  | Readonly<{ kind: 'open' }>
  | Readonly<{ kind: 'not-open'; reason: string }>
  | Readonly<{ kind: 'read'; answers: readonly SqlAnswer<SqlRead>[] }>
  /** Ends a batch: every write of it is durable, or none happened. */
  | Readonly<{ kind: 'written'; answer: SqlAnswer<readonly SqlWrite[]> }>;

export type WorkerData = Readonly<{ file: string }>;
