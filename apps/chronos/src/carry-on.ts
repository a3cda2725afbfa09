// Timers that outlive the log's retention: before the newest event that tells one in full is deleted, its owner tells it again.
// Snapshots only shorten a start, so the log alone must do (docs/architecture.md §2). Started with the popper.
import { CARRY_AFTER_MS_MIN, decideTimer, streamOfTimer } from '#libs/domain';
import type { EventLog, PartitionOwners } from '#libs/event-log';
import type { Clock } from '#libs/runtime';
import type { TimersDue } from '#projections/timers-due';

const LOOK_MS = 600_000;
/** Rows looked at, and timers told again, before the event loop turns. */
const PORTION_MAX = 2_000;

export type CarryOnPorts = Readonly<{
  due: Pick<TimersDue, 'timers'>;
  log: Pick<EventLog, 'append'>;
  owners: PartitionOwners;
  clock: Clock;
  nowMs: () => number;
  retentionMs: number;
  onFailure: (error: unknown) => void;
}>;

/** Looks every ten minutes; returns how to stop. */
export const startCarryingOn = (ports: CarryOnPorts): (() => void) => {
  const { clock } = ports;
  let cancel = (): void => undefined;
  let isStopped = false;
  const again = (): void => {
    if (isStopped) return;
    cancel = clock.after(LOOK_MS, () => void carryOn(ports).catch(ports.onFailure).finally(again));
  };
  again();
  return () => {
    isStopped = true;
    cancel();
  };
};

/** Tells again what is older than half of the retention; resolves with how many. */
export const carryOn = async ({
  due,
  log,
  owners,
  clock,
  nowMs,
  retentionMs,
}: CarryOnPorts): Promise<number> => {
  const olderThanMs = Math.max(retentionMs / 2, CARRY_AFTER_MS_MIN);
  let [looked, told] = [0, 0];
  let appends: Promise<unknown>[] = [];
  for (const [id, { timer }] of due.timers) {
    const stream = streamOfTimer(id);
    if (nowMs() - timer.fullAtMs >= olderThanMs && owners.owns(owners.partitionOf(stream))) {
      const data = { nowMs: Math.round(nowMs()) };
      appends.push(log.append(stream, decideTimer(timer, { type: 'CarryOn', data })));
      told++;
    }
    if (++looked % PORTION_MAX !== 0) continue;
    await Promise.all(appends);
    appends = [];
    await new Promise<void>((resolve) => void clock.after(0, resolve));
  }
  await Promise.all(appends);
  return told;
};
