// Two rows at once: both faults begin, both end, and what one of them allows is allowed. Each row of the table with each other one; who cuts the way to
// something is no row of the table, so the cuts are in no pair. Played by accept 8.2 in its full form.
import type { Row } from './row.js';
import { TABLE_ROWS } from './rows.js';

export const pairOf = (one: Row, other: Row): Row => ({
  name: `${one.name} + ${other.name}`,
  fault: `${one.fault}; ${other.fault}`,
  holdMs: Math.max(one.holdMs, other.holdMs),
  allowed: [...one.allowed, ...other.allowed],
  isOnHss: one.isOnHss === true || other.isOnHss === true,
  popLateMsMax: (one.popLateMsMax ?? 0) + (other.popLateMsMax ?? 0),
  async begin(bench) {
    await one.begin(bench);
    await other.begin(bench);
  },
  // In the order of the table: a program is not ready before its engines are.
  async end(bench) {
    await one.end(bench);
    await other.end(bench);
  },
  async passed(bench) {
    await one.passed?.(bench);
    await other.passed?.(bench);
  },
});

export const PAIRS: readonly Row[] = TABLE_ROWS.flatMap((one, n) =>
  TABLE_ROWS.slice(n + 1).map((other) => pairOf(one, other)),
);
