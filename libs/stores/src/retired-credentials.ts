// Secrets that no event of the log names any more: replaced, of somebody who is gone, or written before an event that never came. They are kept
// for a time, sealed as all, since a log that is gone back to (docs/backup.md) names them again; then they are swept.
// Used by Homestead Prov for subscribers and by Ellis for accounts.
import { type Credential, type CredentialStore } from './credential-store.port.js';

const DAY_MS = 86_400_000;
const FAULTS_TOLD_MAX = 5;

export const keptMsOf = ({ credentialKeptDays }: Readonly<{ credentialKeptDays: number }>): number =>
  credentialKeptDays * DAY_MS;

/** What the log names no more: gone at once where nothing is to be kept. */
export const letGo = (credentials: CredentialStore, versionId: string, keptMs: number): Promise<void> =>
  keptMs === 0 ? credentials.remove(versionId) : credentials.retire(versionId);

export type SweepRetired = Readonly<{
  credentials: CredentialStore;
  nowMs: number;
  keptMs: number;
  /**
   * Asked right before it would be removed, and to be answered by the log itself: whether it may be. A log that was gone back to names it again; another
   * kind of secret is another's to sweep; what cannot be judged stays.
   */
  isUnnamed: (versionId: string, credential: Credential) => Promise<boolean>;
}>;

/**
 * Removes what was retired `keptMs` ago or before; resolves with how many. Several processes may do it at once. One that cannot be opened or judged keeps
 * no other: all are tried, then it rejects with some of the faults.
 */
export const sweepRetired = async (sweep: SweepRetired): Promise<number> => {
  const { credentials, nowMs, keptMs, isUnnamed } = sweep;
  const faults: unknown[] = [];
  let swept = 0;
  for await (const { versionId, retiredAtMs } of credentials.retired()) {
    if (retiredAtMs > nowMs - keptMs) continue;
    try {
      const credential = await credentials.get(versionId);
      if (credential !== undefined && !(await isUnnamed(versionId, credential))) continue;
      await credentials.remove(versionId);
      swept++;
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0)
    throw new AggregateError(
      faults.slice(0, FAULTS_TOLD_MAX),
      `${faults.length} retired credentials could not be judged or removed`,
    );
  return swept;
};

/** Those that need not be retired again: at each look they would be kept as long again. */
export const retiredVersions = async (credentials: CredentialStore): Promise<ReadonlySet<string>> => {
  const retired = new Set<string>();
  for await (const { versionId } of credentials.retired()) retired.add(versionId);
  return retired;
};
