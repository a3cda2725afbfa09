// /session: signing in and out (backend.md §9). Who is no account costs as much time as who is one.
import type { Account } from '#libs/domain';
import { accountByLog, NOT_BY_VIEW } from '../by-log.js';
import type { EllisCall, EllisContext } from '../context.js';
import type { Session } from '../contract.js';
import {
  badRequest,
  type EllisFault,
  forbidden,
  GONE,
  type Outcome,
  shown,
  throttled,
  unavailable,
} from '../outcome.js';
import { isAddress } from './fields.js';
import { makeToken, sessionEndMs, spendToken } from './tokens.js';
import { accountIn, type Caller, isFromElsewhere, isOver } from './who.js';

/** A hash that no password makes: Argon2id with the parameters of argon2.passwords.ts. */
export const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5c3NhbHRub2Jv$3f1n7uUuG0xXUKmBYV0G4gX9Wm3Q9h9mGZ8F5C4h0xk';

const wrong = (): EllisFault => forbidden('address or password is wrong');

/** Counts as a guess until the password turns out to be right. 503 with the wait when there were too many. */
const guess = ({ throttles }: EllisContext, account: string, address: string): (() => void) => {
  const { waitS, proved } = throttles.guesses.begin(account, address);
  if (waitS > 0) throw throttled('too many tries: come again', waitS);
  return proved;
};

type Tried = Readonly<{
  opens: boolean;
  /** The secret is where the account says: otherwise nothing can be said of the password. */
  isKept: boolean;
}>;

const tryPassword = async (
  { credentials, passwords, clock }: EllisContext,
  account: Account | undefined,
  password: string,
): Promise<Tried> => {
  const kept = account && (await credentials.get(account.passwordVersion));
  const hash = kept?.kind === 'password' ? kept.hash : undefined;
  const isRight = await passwords.verify(hash ?? NOBODYS_HASH, password);
  if (account === undefined) return { opens: false, isKept: true };
  return { opens: hash !== undefined && isRight && !isOver(account, clock.nowMs()), isKept: hash !== undefined };
}; // prettier-ignore

/** The account that this password opens; 403 otherwise, whatever is wrong. */
export const checkPassword = async (
  context: EllisContext,
  address: string,
  password: string,
  from: string,
): Promise<Account> => {
  const proved = guess(context, address, from);
  let account = await context.lines.account(address);
  let tried = await tryPassword(context, account, password);
  if (!tried.opens) {
    // Nobody is refused by the view alone; and who is no account is asked after as who has another password is.
    const known = await accountByLog(context, address, NOT_BY_VIEW);
    if (known?.passwordVersion !== account?.passwordVersion) tried = await tryPassword(context, known, password);
    account = known;
  }
  // An account whose secret is not there is a fault of ours, never a wrong password.
  if (!tried.isKept) throw unavailable('the password cannot be checked now');
  if (account === undefined || !tried.opens) throw wrong();
  proved();
  return account;
}; // prettier-ignore

/** A cookie for an account: 201 when it is the answer to a sign-in. */
export const openSession = (
  context: EllisContext,
  { account, passwordVersion }: Pick<Account, 'account' | 'passwordVersion'>,
): Promise<string> => makeToken(context, 'session', { account, passwordVersion });

const sessionBody = ({ account, fullName, role }: Account): Session => ({
  username: account,
  full_name: fullName,
  role,
});

export const signIn = async (context: EllisContext, call: EllisCall): Promise<Outcome> => {
  if (isFromElsewhere(call, context.settings.url)) throw forbidden('the request comes from another site');
  const address = accountIn(call.field('username') ?? call.field('email') ?? '');
  const password = call.field('password') ?? '';
  if (address === '' || password === '') throw badRequest('takes username and password');
  // Nobody is called so: nothing is asked for it, and nothing of it is kept, however long it is.
  if (!isAddress(address)) throw wrong();
  const waitS = context.throttles.signIns.take(`${call.address} ${address}`);
  if (waitS > 0) throw throttled('too many sign-ins: come again', waitS);
  const account = await checkPassword(context, address, password, call.address);
  return {
    status: 201,
    body: sessionBody(account),
    session: { token: await openSession(context, account) },
  };
};

export const showSession = (caller: Caller): Outcome => {
  if (caller.kind !== 'account') throw forbidden('nobody is signed in');
  return shown({ ...sessionBody(caller.account), expires_at: sessionEndMs(caller.grant) });
};

export const signOut = async (context: EllisContext, caller: Caller): Promise<Outcome> => {
  if (caller.kind === 'account') await spendToken(context, 'session', caller.token);
  return { ...GONE, session: 'over' };
};
