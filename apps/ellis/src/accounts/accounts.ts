// /accounts: made with a code, shown, deleted with all that is theirs (backend.md §9).
// The hash of a password goes to the credential store first, under a fresh version; then the event names the version.
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  account,
  type Account,
  type AccountCommand,
  type AccountEvent,
  type AccountState,
  accountStream,
  BY_SIGN_UP,
} from '#libs/domain';
import { executeOn, type ExecutePorts } from '#libs/event-log';
import { letGo } from '#libs/stores';
import { accountByLog, NOT_BY_VIEW } from '../by-log.js';
import type { EllisCall, EllisContext } from '../context.js';
import { inTurn } from '../numbers/in-turn.js';
import { deleteLine } from '../numbers/delete-line.js';
import {
  EllisFault,
  forbidden,
  GONE,
  isRefused,
  notFound,
  type Outcome,
  shown,
  throttled,
} from '../outcome.js';
import { addressField, expiryField, fullNameField, passwordField } from './fields.js';
import { makeToken } from './tokens.js';
import { accountIn, byOf, type Caller, isFromElsewhere, requireAccount, requireSignedIn } from './who.js';

const onAccount = executeOn<AccountState, AccountCommand, AccountEvent>(account, accountStream);

/** Beyond it an account is deleted in several requests. */
const LINES_DELETED_MAX = 10_000;

export const portsOf = ({ log, lines: view, clock }: EllisContext): ExecutePorts => ({ log, view, clock });

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** In constant time: how much of a code was right cannot be timed. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

const checkCode = ({ throttles, settings }: EllisContext, call: EllisCall): void => {
  const waitS = throttles.codes.take(call.address);
  if (waitS > 0) throw throttled('too many tries: come again', waitS);
  const code = call.header('ngv-signup-code') ?? call.field('signup_code') ?? '';
  if (settings.signupCode === '' || !isSame(code, settings.signupCode))
    throw forbidden('the sign-up code is wrong');
  throttles.codes.giveBack(call.address);
};

const ignore = (): void => undefined;

/** A version id that is in no event yet. */
const newVersion = ({ random }: EllisContext): string => `password-${random.token(26)}`;

/** Writes the hash, then has the event name it; lets go of what it replaces. */
export const nameSecret = async (
  context: EllisContext,
  address: string,
  password: string,
  append: (passwordVersion: string) => Promise<Account | undefined>,
): Promise<string> => {
  const { credentials, passwords } = context;
  const version = newVersion(context);
  const hash = await passwords.hash(password);
  await credentials.put(version, { kind: 'password', account: address, hash });
  try {
    const former = await append(version);
    if (former !== undefined) await letGo(credentials, former.passwordVersion, context.credentialKeptMs);
    return version;
  } catch (error) {
    // Certainly not named. After any other fault it may be: then the sweep at a start decides.
    if (
      error instanceof EllisFault ||
      isRefused(error, 'AccountExists') ||
      isRefused(error, 'UnknownAccount')
    )
      await credentials.remove(version);
    throw error;
  }
};

export const createAccount = async (context: EllisContext, call: EllisCall): Promise<Outcome> => {
  const { lines, clock, settings } = context;
  if (isFromElsewhere(call, settings.url)) throw forbidden('the request comes from another site');
  checkCode(context, call);
  const address = addressField(call);
  const password = passwordField(call);
  const fullName = fullNameField(call);
  const expiry = expiryField(call, clock.nowMs());
  const make = (passwordVersion: string) =>
    onAccount(portsOf(context), address, [
      {
        type: 'CreateAccount',
        data: { account: address, by: BY_SIGN_UP, fullName, passwordVersion, createdAtMs: clock.nowMs(), ...expiry },
      },
    ]); // prettier-ignore
  // Before the hash: it costs. The stream decides; nobody is refused for an account that is gone and that the view still has.
  if (
    (await lines.account(address)) !== undefined &&
    (await accountByLog(context, address, NOT_BY_VIEW)) !== undefined
  )
    throw new EllisFault(409, 'there is an account of this address');
  const passwordVersion = await nameSecret(context, address, password, async (version) => {
    await make(version);
    return undefined;
  });
  const made: Outcome = { status: 201, body: { username: address, full_name: fullName } };
  if (call.field('onsuccess') === undefined) return made;
  // Where a form goes on to somebody is signed in (backend.md §9); an account is made all the same when no session can be kept.
  const token = await makeToken(context, 'session', { account: address, passwordVersion }).catch(
    context.onFault ?? ignore,
  );
  return typeof token === 'string' ? { ...made, session: { token } } : made;
};

export type NewPassword = Readonly<{
  password: string;
  by: string;
  /** Decides, where the account stands, whether it may be replaced; throws EllisFault where not. */
  check?: (former: Account) => void;
}>;

/** Another password of an account; the former one's sessions are over. */
export const setPassword = (
  context: EllisContext,
  address: string,
  { password, by, check }: NewPassword,
): Promise<string> =>
  nameSecret(context, address, password, async (passwordVersion) => {
    let former: Account | undefined;
    await onAccount(
      portsOf(context),
      address,
      [{ type: 'ChangeAccountPassword', data: { account: address, by, passwordVersion } }],
      {
        prepare: async (state) => {
          if (state !== undefined) check?.(state);
          former = state;
        },
      },
    );
    return former;
  });

export const accountBody = ({ account: username, fullName, role, createdAtMs, expiresAtMs }: Account) => ({
  username,
  full_name: fullName,
  role,
  created_at: createdAtMs,
  expires_at: expiresAtMs ?? null,
});

export const showAccount = async (context: EllisContext, caller: Caller, address: string): Promise<Outcome> =>
  shown(accountBody(await requireAccount(context, caller, address)));

/** Those that work. One that is being made is taken back by who makes it (make-line.ts): two hands on one line would undo each other. */
const removeLines = async (context: EllisContext, address: string, by: string): Promise<void> => {
  const numbers = (await context.lines.linesOf(address, LINES_DELETED_MAX)).filter(
    ({ isProvisioned }) => isProvisioned,
  );
  // The default identity of a private one goes last.
  const isDefault = ({ number, privateId }: (typeof numbers)[number]): number =>
    number === `sip:${privateId}` ? 1 : 0;
  for (const line of numbers.toSorted((a, b) => isDefault(a) - isDefault(b)))
    await deleteLine(context, line, by);
};

/** Its numbers, and then itself: what a neighbour's fault leaves is there to be tried again. */
export const removeAccount = async (
  context: EllisContext,
  { account: address, passwordVersion }: Account,
  by: string,
): Promise<void> => {
  await removeLines(context, address, by);
  await inTurn(address, async () => {
    await onAccount(portsOf(context), address, [{ type: 'DeleteAccount', data: { account: address, by } }]);
    // Made meanwhile. The account is gone: what is left of them now is found later (line-process.ts).
    await removeLines(context, address, by).catch((error: unknown) => context.onFault?.(error));
  });
  await letGo(context.credentials, passwordVersion, context.credentialKeptMs);
};

export const deleteAccount = async (
  context: EllisContext,
  caller: Caller,
  address: string,
): Promise<Outcome> => {
  await removeAccount(context, await requireAccount(context, caller, address), byOf(caller));
  return caller.kind === 'account' ? { ...GONE, session: 'over' } : GONE;
};

const isOnlyOperator = async ({ lines }: EllisContext, address: string): Promise<boolean> => {
  for await (const { account: other, role } of lines.accounts())
    if (role === 'operator' && other !== address) return false;
  return true;
};

export const setRole = async (
  context: EllisContext,
  caller: Caller,
  address: string,
  role: 'user' | 'operator',
): Promise<Outcome> => {
  requireSignedIn(caller);
  const name = accountIn(address);
  if ((await accountByLog(context, name)) === undefined) throw notFound('no such account');
  // Who has the key can always make another.
  if (role === 'user' && caller.kind === 'account' && (await isOnlyOperator(context, name)))
    throw new EllisFault(409, 'this is the last operator');
  await onAccount(portsOf(context), name, [
    { type: 'ChangeAccountRole', data: { account: name, by: byOf(caller), role } },
  ]);
  return GONE;
};
