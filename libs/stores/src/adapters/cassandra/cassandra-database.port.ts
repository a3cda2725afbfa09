// What the stores ask of a Cassandra cluster.
// Made by cassandra-database.ts; used by the stores and the migrations beside it.

export type CqlValue = string | number | bigint | Buffer | null;
export type CqlRow = Readonly<Record<string, unknown>>;
export type CqlPage = Readonly<{ rows: readonly CqlRow[]; next: string | undefined }>;

export interface CassandraDatabase {
  readonly keyspace: string;
  /** Rows of one statement; what it names is qualified by `keyspace`. */
  read(cql: string, params: readonly CqlValue[]): Promise<readonly CqlRow[]>;
  /** One page of many rows. */
  page(cql: string, params: readonly CqlValue[], size: number, from: string | undefined): Promise<CqlPage>;
  /** A write that changes nothing when it is done twice: one that says its own timestamp. */
  write(cql: string, params: readonly CqlValue[]): Promise<void>;
  /** A lightweight transaction. `applied` false: the row as it is. */
  decide(
    cql: string,
    params: readonly CqlValue[],
  ): Promise<Readonly<{ applied: boolean; row: CqlRow | undefined }>>;
  /** Reads what lightweight transactions have decided, one under way included. */
  readDecided(cql: string, params: readonly CqlValue[]): Promise<readonly CqlRow[]>;
  close(): Promise<void>;
}
