// Lists and rows of numbers that grow while a page is open, bounded. Pure. Used by the pages of calls and of figures.
import type { Call } from './contract.js';

/** Calls shown; the oldest leave. */
export const CALLS_SHOWN_MAX = 200;

/** With this call as it is now: in its place, or before all that began earlier. */
export const withCall = (calls: readonly Call[], call: Call): readonly Call[] => {
  const at = calls.findIndex(({ id }) => id === call.id);
  if (at >= 0) return calls.with(at, call);
  const before = calls.findIndex(({ begun_at }) => begun_at <= call.begun_at);
  const place = before < 0 ? calls.length : before;
  return calls.toSpliced(place, 0, call).slice(0, CALLS_SHOWN_MAX);
};

/** Columns of numbers over time for a plot, the last `max` of them: x first, as uPlot takes them. */
export type Columns = readonly (readonly (number | null)[])[];

export const withRow = (columns: Columns, row: readonly (number | null)[], max: number): Columns =>
  row.map((value, i) => [...(columns[i] ?? []).slice(-(max - 1)), value]);
