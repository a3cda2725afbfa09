// A credential store as a copy of it sees it: what is kept, as it is kept. Nothing is opened, so that no master key is needed, and none is changed.
// Adapters: embedded/sqlite-sealed-records.ts, cassandra/cassandra-sealed-records.ts. Copied by copy-credentials.ts.

export type SealedRecord =
  | Readonly<{ kind: 'key'; keyId: string; checkValue: Uint8Array }>
  | Readonly<{
      kind: 'credential';
      versionId: string;
      keyId: string;
      sealed: Uint8Array;
      writtenAtMs: number;
    }>
  | Readonly<{ kind: 'sequence'; versionId: string; number: number }>
  | Readonly<{ kind: 'retirement'; versionId: string; retiredAtMs: number }>;

export interface SealedRecords {
  /** All of it, a page at a time: keys first. */
  read(): AsyncIterable<readonly SealedRecord[]>;
  /** Durable when it resolves. What is there stays, but for a number: the higher one stays. */
  write(records: readonly SealedRecord[]): Promise<void>;
}
