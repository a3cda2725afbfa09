// How many users have a binding now: all rows gone through, so many at a time, so that nothing waits for it. For operators' figures.
import type { Registration } from '#libs/domain';
import type { Clock } from '#libs/runtime';
import type { RegistrationRows } from './registrations-by-aor.store.js';

/** Rows of one turn: some milliseconds. */
const ROWS_A_TURN = 2_000;

const isRegistered = ({ entries }: Registration, nowMs: number): boolean => {
  for (const bindingId in entries) {
    const binding = entries[bindingId]?.binding;
    if (binding !== undefined && binding.expiresAtMs > nowMs) return true;
  }
  return false;
};

/** Resolves with the count; null: the rows are not of this process alone, and are not gone through. */
export const countRegistered = async (
  rows: Pick<RegistrationRows, 'all' | 'hasAll'>,
  clock: Clock,
): Promise<number | null> => {
  if (!rows.hasAll) return null;
  const nowMs = clock.nowMs();
  let [count, seen] = [0, 0];
  for (const [, row] of rows.all()) {
    if (isRegistered(row, nowMs)) count++;
    if (++seen % ROWS_A_TURN === 0) await new Promise<void>((resolve) => void clock.after(0, resolve));
  }
  return count;
};
