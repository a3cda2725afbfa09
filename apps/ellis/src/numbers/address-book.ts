// /gab: the address book of all who listed a number (backend.md §9).
import { type Caller, requireSignedIn } from '../accounts/who.js';
import type { EllisContext } from '../context.js';
import type { Contact } from '../contract.js';
import { type Outcome, shown } from '../outcome.js';

/** Numbers of one answer; what stands behind them in order is left out. */
export const ADDRESS_BOOK_MAX = 10_000;

export const addressBook = async ({ lines }: EllisContext, caller: Caller): Promise<Outcome> => {
  requireSignedIn(caller);
  const byAccount = new Map<string, string[]>();
  let count = 0;
  for await (const { number, account, listed, isProvisioned } of lines.numbers()) {
    if (!listed || !isProvisioned) continue;
    byAccount.set(account, [...(byAccount.get(account) ?? []), number]);
    count++;
    if (count >= ADDRESS_BOOK_MAX) break;
  }
  const contacts: Contact[] = [];
  for (const [email, numbers] of byAccount) {
    const account = await lines.account(email);
    if (account !== undefined) contacts.push({ email, full_name: account.fullName, numbers });
  }
  return shown({ contacts });
};
