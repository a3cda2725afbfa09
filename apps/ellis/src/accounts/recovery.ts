// /accounts/<e-mail>/password: a recovery mail, a new password by the token that came with it, or by the one in force (backend.md §9).
// Whether there is such an account is told to nobody who does not hold its token.
import { type Account, BY_RECOVERY } from '#libs/domain';
import { accountByLog } from '../by-log.js';
import type { EllisCall, EllisContext } from '../context.js';
import { badRequest, DONE, EllisFault, forbidden, type Outcome, throttled, unavailable } from '../outcome.js';
import { setPassword } from './accounts.js';
import { passwordField } from './fields.js';
import { checkPassword, openSession } from './session.js';
import { makeToken, readToken, spendToken } from './tokens.js';
import { accountIn, byOf, type Caller, requireAccount } from './who.js';

const wrongToken = (): EllisFault =>
  new EllisFault(422, 'the token or the address is wrong, or the token is spent');

const sendMail = async (context: EllisContext, address: string): Promise<void> => {
  const { mailer, settings, throttles } = context;
  if (mailer === undefined) return;
  const account = await accountByLog(context, address);
  if (account === undefined) return;
  if (throttles.mailsTo.take(address) > 0) return;
  // Whoever asks has been answered: that mails are too many is for the operator to hear.
  if (throttles.mails.take('all') > 0) throw unavailable('too many recovery mails: this one was not sent', 0);
  const { passwordVersion, fullName } = account;
  const token = await makeToken(context, 'recovery', { account: address, passwordVersion });
  const link = `${settings.url}/reset-password?email=${encodeURIComponent(address)}&token=${token}`;
  await mailer.send({ to: address, name: fullName, kind: 'recovery', link });
};

/** Answered before it is known whether there is anybody to send to: the time tells nothing either. */
const askForMail = (context: EllisContext, address: string, from: string): Outcome => {
  const waitS = context.throttles.mailsAskedBy.take(from);
  if (waitS > 0) throw throttled('too many mails were asked for: come again', waitS);
  sendMail(context, address).catch((error: unknown) => context.onFault?.(error));
  return DONE;
};

const recover = async (
  context: EllisContext,
  address: string,
  { token, password, from }: Readonly<{ token: string; password: string; from: string }>,
): Promise<Outcome> => {
  const waitS = context.throttles.recoveries.take(from);
  if (waitS > 0) throw throttled('too many tries: come again', waitS);
  const grant = await readToken(context, 'recovery', token);
  if (grant?.account !== address) throw wrongToken();
  const isOpenedBy = ({ passwordVersion }: Account): boolean => passwordVersion === grant.passwordVersion;
  const account = await accountByLog(context, address, isOpenedBy);
  if (account === undefined || !isOpenedBy(account)) throw wrongToken();
  // It opens as long as the password that it was made under is in force: of two that come at once one opens, and a fault of ours spends none.
  const check = (former: Account): void => {
    if (!isOpenedBy(former)) throw wrongToken();
  };
  await setPassword(context, address, { password, by: BY_RECOVERY, check });
  await spendToken(context, 'recovery', token).catch((error: unknown) => context.onFault?.(error));
  return DONE;
};

const change = async (
  context: EllisContext,
  caller: Caller,
  call: EllisCall,
  name: string,
): Promise<Outcome> => {
  const account = await requireAccount(context, caller, name);
  const password = passwordField(call);
  if (caller.kind === 'account')
    await checkPassword(context, account.account, call.field('current_password') ?? '', call.address);
  const passwordVersion = await setPassword(context, account.account, { password, by: byOf(caller) });
  if (caller.kind !== 'account') return DONE;
  return { ...DONE, session: { token: await openSession(context, { ...account, passwordVersion }) } };
};

export const passwordRequest = async (
  context: EllisContext,
  caller: Caller,
  call: EllisCall,
  name: string,
): Promise<Outcome> => {
  const token = call.header('ngv-recovery-token') ?? call.field('recovery_token');
  const address = accountIn(name);
  if (token !== undefined)
    return recover(context, address, { token, password: passwordField(call), from: call.address });
  if (call.field('current_password') !== undefined) {
    if (caller.kind === 'nobody') throw forbidden('nobody is signed in');
    return change(context, caller, call, name);
  }
  if (call.field('password') === undefined) return askForMail(context, address, call.address);
  if (caller.kind === 'service') return change(context, caller, call, name);
  throw badRequest('password: takes recovery_token or current_password beside it');
};
