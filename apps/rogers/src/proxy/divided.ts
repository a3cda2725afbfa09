// Whether what the members have of one key was made in two places at once, neither from the other: after a time in which the servers, or the
// Rogers, did not reach each other. Used by read.ts and change.ts.
import type { Found } from '../cache-server.port.js';
import type { Stored } from '../stored-value.js';

/** Oldest first, each version once. */
export const storedIn = (found: readonly (Found | undefined)[]): readonly Stored[] => {
  const byVersion = new Map<number, Stored>();
  for (const one of found) if (one?.stored !== undefined) byVersion.set(one.stored.version, one.stored);
  return [...byVersion.values()].sort((a, b) => a.version - b.version);
};

export const isDivided = (found: readonly (Found | undefined)[]): boolean => {
  const all = storedIn(found);
  return all.some((stored, n) => n > 0 && !stored.isDeleted && !all[n - 1]!.isDeleted && stored.base < all[n - 1]!.version);
}; // prettier-ignore
