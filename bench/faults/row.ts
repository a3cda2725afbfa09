// A row of the table in docs/architecture.md of what users see when something is down, as something that can be played: what fails and how it comes back,
// and what clients may be told meanwhile. The rows: rows.ts. Played by play.ts.
import type { Allowed } from './answers.js';
import type { FaultBench } from './charged.js';

export type Row = Readonly<{
  /** What is down, in the words of the table. */
  name: string;
  /** What is done to it. */
  fault: string;
  /** How long it stays so. */
  holdMs: number;
  begin(bench: FaultBench): Promise<void>;
  /** Resolves when it is back by itself: its process runs, or runs on. */
  end(bench: FaultBench): Promise<void>;
  /** An answer that one of them allows may be given. */
  allowed: readonly Allowed[];
  /** Where the row names a bound of its own (`rebuild ended`): when that is reached. Rejects where it takes too long. */
  passed?(bench: FaultBench): Promise<void>;
  /** The subscribers are in an HSS: it is played on a cluster of its own. */
  isOnHss?: boolean;
  /** How much later than it should a timer may pop. */
  popLateMsMax?: number;
}>;
