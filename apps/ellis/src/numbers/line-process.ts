// Finishes what a crash or a neighbour's fault left between two steps (docs/architecture.md §2), and ends what has come to its end:
//   taken, not confirmed                → backed out, and free again
//   of an account that is there no more → deleted, and free again
//   accounts past their end             → deleted with their numbers
//   passwords that no account names     → let go, and swept from the credential store when they were kept for long enough
// At a start, and now and then: a neighbour may have been away. What is younger than the grace may be under way at another process.
import { type Account, BY_EXPIRY, BY_START, type LineNumber } from '#libs/domain';
import { type Credential, letGo, retiredVersions, sweepRetired } from '#libs/stores';
import { removeAccount } from '../accounts/accounts.js';
import { isOver } from '../accounts/who.js';
import { accountByLog, NOT_BY_VIEW, numberByLog } from '../by-log.js';
import type { EllisContext } from '../context.js';
import { backOut, deleteLine } from './delete-line.js';

export type Finished = Readonly<{
  backedOut: number;
  deleted: number;
  expired: number;
  swept: number;
  failed: number;
}>;

/** As it stands by the log: a view that lags, or is being folded anew, must not cost somebody's line. */
const isStill = async (context: EllisContext, line: LineNumber): Promise<boolean> => {
  const known = await numberByLog(context, line.number, NOT_BY_VIEW);
  return known?.numberId === line.numberId && known.isProvisioned === line.isProvisioned;
};

const leftOver = async (
  context: EllisContext,
  line: LineNumber,
  beforeMs: number,
): Promise<'backedOut' | 'deleted' | undefined> => {
  if (line.atMs > beforeMs) return undefined;
  if (line.isProvisioned && (await accountByLog(context, line.account)) !== undefined) return undefined;
  if (!(await isStill(context, line))) return undefined;
  if (line.isProvisioned) {
    await deleteLine(context, line, BY_START);
    return 'deleted';
  }
  await backOut(context, line, BY_START);
  return 'backedOut';
};

const endIfOver = async (
  context: EllisContext,
  { account: address }: Account,
  nowMs: number,
): Promise<'expired' | undefined> => {
  const known = await accountByLog(context, address, NOT_BY_VIEW);
  if (known === undefined || !isOver(known, nowMs)) return undefined;
  await removeAccount(context, known, BY_EXPIRY);
  return 'expired';
};

/** By the log itself. Versions of other kinds are others' to judge. */
const isUnnamed = async (
  context: EllisContext,
  versionId: string,
  kept: Credential | undefined,
): Promise<boolean> => {
  if (kept?.kind !== 'password') return false;
  const names = ({ passwordVersion }: Account): boolean => passwordVersion === versionId;
  const account = await accountByLog(context, kept.account, names);
  return account === undefined || !names(account);
};

const letGoOfPasswords = async (context: EllisContext, beforeMs: number): Promise<void> => {
  const { credentials, credentialKeptMs: keptMs } = context;
  const retired = await retiredVersions(credentials);
  for await (const { versionId, writtenAtMs } of credentials.versions()) {
    if (writtenAtMs > beforeMs || retired.has(versionId) || !versionId.startsWith('password-')) continue;
    if (await isUnnamed(context, versionId, await credentials.get(versionId)))
      await letGo(credentials, versionId, keptMs);
  }
};

/** Resolves with how many are gone for good. */
const sweepPasswords = (context: EllisContext): Promise<number> =>
  sweepRetired({
    credentials: context.credentials,
    nowMs: context.clock.nowMs(),
    keptMs: context.credentialKeptMs,
    isUnnamed: (versionId, kept) => isUnnamed(context, versionId, kept),
  });

/** Nothing younger than the grace is touched; 0 only where nobody else writes, and before requests are taken. */
export const finishInterrupted = async (context: EllisContext, graceMs: number): Promise<Finished> => {
  const nowMs = context.clock.nowMs();
  const beforeMs = graceMs === 0 ? Infinity : nowMs - graceMs;
  const done = { backedOut: 0, deleted: 0, expired: 0, swept: 0, failed: 0 };
  const attempt = async (work: () => Promise<keyof Finished | undefined>): Promise<void> => {
    try {
      const what = await work();
      if (what !== undefined) done[what]++;
    } catch (error) {
      done.failed++;
      context.onFault?.(error);
    }
  };
  for await (const account of context.lines.accounts())
    if (isOver(account, nowMs)) await attempt(() => endIfOver(context, account, nowMs));
  for await (const line of context.lines.numbers()) await attempt(() => leftOver(context, line, beforeMs));
  await letGoOfPasswords(context, beforeMs);
  await attempt(async () => {
    done.swept += await sweepPasswords(context);
    return undefined;
  });
  return done;
};
