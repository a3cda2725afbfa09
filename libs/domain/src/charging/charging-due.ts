// What time alone brings to a charging session: an INTERIM, its end when nobody ended it, and going on without a START that has not come.
// Each is decided once: an event says after which record it comes, and is nothing when there is another by then. Reader: ralf. Pure.
import type { ChargingEvent } from './charging.js';
import { CAUSE_UNSPECIFIED, type ChargingRow, type OpenSession } from './charging-session.js';

export type ChargingTimes = Readonly<{
  /** Where no CDF says how often it wants to hear of a session; 0: not at all. */
  interimS: number;
  /** How long a session lives without a sign, where who began it has not said. */
  sessionMaxS: number;
  /** How long a START is waited for. */
  startWaitS: number;
}>;

/** INTERIMs of one stream that wait for a CDF; no more are made then. */
export const INTERIMS_WAITING_MAX = 100;

/** How long a session may be without a sign of life. */
const graceS = ({ refreshS }: OpenSession, { sessionMaxS }: ChargingTimes): number => refreshS || sessionMaxS;

/** backend.md §5.4: a timer only where the refresh is longer than the interval; none beyond the refresh. */
const interimMs = (open: OpenSession, waiting: number, times: ChargingTimes): number => {
  const intervalS = open.interimS ?? times.interimS;
  if (intervalS <= 0 || open.isUnknown || waiting >= INTERIMS_WAITING_MAX) return Infinity;
  const dueMs = open.lastRecordMs + intervalS * 1000;
  return dueMs < open.lastSignMs + graceS(open, times) * 1000 ? dueMs : Infinity;
};

/** A session that was to be refreshed may be so late once more (backend.md §5.3: it is kept for twice the time). */
const abandonedMs = (open: OpenSession, times: ChargingTimes): number =>
  open.lastSignMs + graceS(open, times) * 1000 * (open.refreshS ? 2 : 1);

/** When to look at the row, ms since 1970; Infinity: time brings nothing. */
export const dueMsOfCharging = ({ open, waiting, held }: ChargingRow, times: ChargingTimes): number => {
  const [first] = held;
  if (open !== undefined) return Math.min(interimMs(open, waiting.length, times), abandonedMs(open, times));
  return first === undefined ? Infinity : first.content.loggedMs + times.startWaitS * 1000;
};

/** What has become due by now: one event at most. */
export const decideDue = (
  row: ChargingRow,
  times: ChargingTimes,
  nowMs: number,
): readonly ChargingEvent[] => {
  if (dueMsOfCharging(row, times) > nowMs) return [];
  const { open } = row;
  if (open === undefined) return [{ type: 'ChargingStartMissed', data: { atMs: nowMs } }];
  const after = open.number;
  if (abandonedMs(open, times) <= nowMs) {
    // What was granted is charged, and no more; where nothing was, what was told last.
    const grantedMs = open.refreshS ? open.lastSignMs + open.refreshS * 1000 : 0;
    const atMs = Math.max(grantedMs, open.lastRecordMs);
    return [{ type: 'ChargingSessionAbandoned', data: { after, causeCode: CAUSE_UNSPECIFIED, atMs } }];
  }
  const atMs = Math.min(nowMs, open.lastSignMs + graceS(open, times) * 1000);
  return [{ type: 'ChargingInterimReached', data: { after, atMs } }];
};
