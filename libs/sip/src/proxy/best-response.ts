// Which of the final responses that a forked request got goes upstream. RFC 3261 §16.7 items 6 and 7, RFC 4320 §4.2.
// Reader: proxy.ts.
import type { ClientBranch } from '../transaction/client-branch.js';
import type { Edits } from '../message/edits.js';
import { H, type HeaderId } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';

/** A branch that ended without success; `response` is undefined when its status was made here. */
export type Failure<L> = Readonly<{
  branch: ClientBranch<L>;
  status: number;
  response: SipMessage | undefined;
}>;

/** What tells the client how to ask again, in this order, is better than the rest of its class (§16.7 item 6). */
const HELPFUL: readonly number[] = [401, 407, 415, 420, 484];
/** What says least about the callee is worse than the rest. */
const POOR: readonly number[] = [487, 430, 408];

/** Lower is better: 6xx first, then by class, in the class as above, else the lowest. */
const rank = (status: number, cancelled: boolean): number => {
  if (cancelled && status === 487) return -1;
  if (status >= 600) return status - 600;
  const base = Math.floor(status / 100) * 1_000;
  const helpful = HELPFUL.indexOf(status);
  if (helpful >= 0) return base + helpful;
  const poor = POOR.indexOf(status);
  return base + (poor >= 0 ? 200 + poor : 10 + (status % 100)) + (status === 503 ? 200 : 0);
};

/** The best of them, the earlier one of two equals. `cancelled`: the caller gave up, and 487 is what it expects. */
export const bestFailure = <L>(
  failures: readonly Failure<L>[],
  cancelled: boolean,
): Failure<L> | undefined => {
  let best: Failure<L> | undefined;
  for (const failure of failures)
    if (best === undefined || rank(failure.status, cancelled) < rank(best.status, cancelled)) best = failure;
  return best;
};

const CHALLENGES: readonly HeaderId[] = [H.WwwAuthenticate, H.ProxyAuthenticate];

/** A 401 or 407 takes along the challenges of the others (§16.7 item 7). */
export const mergeChallenges = <L>(
  chosen: Failure<L>,
  failures: readonly Failure<L>[],
  edits: Edits,
): void => {
  if (chosen.status !== 401 && chosen.status !== 407) return;
  for (const { response, status } of failures) {
    if (response === undefined || response === chosen.response || (status !== 401 && status !== 407))
      continue;
    for (const id of CHALLENGES)
      for (let line = response.findLine(id); line >= 0; line = response.findLine(id, line + 1))
        edits.append(id, response.lineValue(line));
  }
};
