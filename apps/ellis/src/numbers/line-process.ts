// Finishes what a crash or a neighbour's fault left between two steps (docs/architecture.md §2), and ends what has come to its end:
//   taken, not confirmed                → backed out, and free again
//   of an account that is there no more → deleted, and free again
//   accounts past their end             → deleted with their numbers
//   passwords that no account names     → swept from the credential store
// At a start, and now and then: a neighbour may have been away. What is younger than the grace may be under way at another process.
import type { LineNumber } from '#libs/domain';
import { removeAccount } from '../accounts/accounts.js';
import { isOver } from '../accounts/who.js';
import type { EllisContext } from '../context.js';
import { backOut, deleteLine } from './delete-line.js';

export type Finished = Readonly<{
  backedOut: number;
  deleted: number;
  expired: number;
  swept: number;
  failed: number;
}>;

const START = 'start';

const leftOver = async (
  context: EllisContext,
  line: LineNumber,
  beforeMs: number,
): Promise<'backedOut' | 'deleted' | undefined> => {
  if (line.atMs > beforeMs) return undefined;
  if (!line.isProvisioned) {
    await backOut(context, line, START);
    return 'backedOut';
  }
  if ((await context.lines.account(line.account)) !== undefined) return undefined;
  // By the log itself: a view that lags must not cost somebody's line.
  await context.lines.catchUp(`account-${line.account}`);
  if ((await context.lines.account(line.account)) !== undefined) return undefined;
  await deleteLine(context, line, START);
  return 'deleted';
};

const sweepPasswords = async ({ lines, credentials }: EllisContext, beforeMs: number): Promise<number> => {
  let swept = 0;
  for await (const { versionId, writtenAtMs } of credentials.versions()) {
    if (writtenAtMs > beforeMs || !versionId.startsWith('password-')) continue;
    const kept = await credentials.get(versionId);
    if (kept?.kind !== 'password') continue;
    // By the log itself: a view that lags must not cost a password.
    await lines.catchUp(`account-${kept.account}`);
    if ((await lines.account(kept.account))?.passwordVersion === versionId) continue;
    await credentials.remove(versionId);
    swept++;
  }
  return swept;
};

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
    if (isOver(account, nowMs))
      await attempt(async () => {
        await removeAccount(context, account, 'expiry');
        return 'expired';
      });
  for await (const line of context.lines.numbers()) await attempt(() => leftOver(context, line, beforeMs));
  return { ...done, swept: await sweepPasswords(context, beforeMs) };
};
