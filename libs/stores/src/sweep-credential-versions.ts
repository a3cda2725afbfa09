// Removes credentials that no event names: what a crash or a refused append left between the write and its event.
// architecture.md §2. Run by the owner of provisioning, after it has read the log to its end.
import type { CredentialStore } from './credential-store.port.js';

/** Longer than any append may stay unknown, any retry may last and clocks may differ. */
export const SWEEP_AGE_MS = 24 * 3_600_000;
/** Removals of one sweep; the next takes the rest. */
export const SWEEP_REMOVALS_MAX = 10_000;

export type CredentialSweep = Readonly<{
  store: CredentialStore;
  /** Every version id that an event in the log names. */
  named: ReadonlySet<string>;
  /** When gathering `named` began: what was written since may be named by events that it has not seen. */
  namedAsOfMs: number;
  ageMs?: number;
  removalsMax?: number;
}>;

/** Resolves with what it saw: `left` counts unnamed versions that were too young, or beyond the bound. */
export const sweepCredentialVersions = async ({
  store,
  named,
  namedAsOfMs,
  ageMs = SWEEP_AGE_MS,
  removalsMax = SWEEP_REMOVALS_MAX,
}: CredentialSweep): Promise<Readonly<{ named: number; removed: number; left: number }>> => {
  const seen = { named: 0, removed: 0, left: 0 };
  for await (const { versionId, writtenAtMs } of store.versions()) {
    if (named.has(versionId)) {
      seen.named += 1;
    } else if (writtenAtMs >= namedAsOfMs - ageMs || seen.removed >= removalsMax) {
      seen.left += 1;
    } else {
      await store.remove(versionId);
      seen.removed += 1;
    }
  }
  return seen;
};
