// What reads and changes need of the process. Made in rogers.ts, with twins in tests.
import type { Clock, HotCounter } from '#libs/runtime';
import type { Versions } from '../stored-value.js';
import type { LoadPorts } from './load.js';

/** How values of view tables are brought together (merge/). */
export interface Merge {
  /** True for keys whose values merge. */
  isMerged(key: string): boolean;
  /** Of two values, what both say; undefined: one of them is no row, and the newer one is to be taken. */
  merge(newer: Buffer, older: Buffer): Buffer | undefined;
}

/** Of the router. */
export type RequestCounters = Readonly<{ gets: HotCounter; changes: HotCounter; failures: HotCounter }>;

export type OperationPorts = LoadPorts &
  Readonly<{
    clock: Clock;
    versions: Versions;
    merge: Merge;
    count: Readonly<{ repairs: HotCounter; merges: HotCounter; conflicts: HotCounter }> & RequestCounters;
  }>;
