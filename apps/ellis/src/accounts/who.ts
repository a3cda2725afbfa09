// Who asks: a session's cookie, or a key that acts for anybody (backend.md §9); and whether the browser sent it on its own accord (CSRF).
// Read by ellis.ts before each handler.
import { type Account, BY_KEY, BY_SIGN_UP } from '#libs/domain';
import { accountByLog } from '../by-log.js';
import type { EllisCall, EllisContext } from '../context.js';
import { forbidden, notFound } from '../outcome.js';
import { type Grant, readToken, spendToken, touchSession } from './tokens.js';

export const SESSION_COOKIE = 'session';

export type Caller =
  | Readonly<{ kind: 'service' }>
  | Readonly<{ kind: 'account'; account: Account; grant: Grant; token: string }>
  | Readonly<{ kind: 'nobody' }>;

/** What stands in the events of whom it is done by. */
export const byOf = (caller: Caller): string =>
  caller.kind === 'account' ? caller.account.account : caller.kind === 'service' ? BY_KEY : BY_SIGN_UP;

/** RFC 6265 §4.2: name=value; name=value. The first of a name counts. */
export const cookieIn = (header: string | undefined, name: string): string | undefined => {
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
};

/**
 * A browser says where a request was made. SameSite=Strict keeps the cookie at home already; this holds for browsers that know one of the
 * two only, and for the requests that need no cookie. What names neither is no browser.
 */
export const isFromElsewhere = (call: EllisCall, url: string): boolean => {
  if (call.method === 'GET' || call.method === 'HEAD') return false;
  const site = call.header('sec-fetch-site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = call.header('origin');
  if (origin === undefined || origin === url) return false;
  const host = call.header('host');
  return origin !== `http://${host}` && origin !== `https://${host}`;
};

/** Accounts end when they were made to. */
export const isOver = ({ expiresAtMs }: Account, nowMs: number): boolean =>
  expiresAtMs !== undefined && expiresAtMs <= nowMs;

const keyIn = (call: EllisCall): string | undefined => call.header('ngv-api-key') ?? call.header('x-api-key');

export const callerOf = async (context: EllisContext, call: EllisCall): Promise<Caller> => {
  const { apiKeys, clock, settings } = context;
  if (isFromElsewhere(call, settings.url)) throw forbidden('the request comes from another site');
  const key = keyIn(call);
  if (key !== undefined) {
    // Without any key nobody is everybody.
    if (apiKeys.open || apiKeys.check(key, 'ellis') !== 'ok') throw forbidden('this key opens nothing here');
    return { kind: 'service' };
  }
  const token = cookieIn(call.header('cookie'), SESSION_COOKIE);
  const grant = token === undefined ? undefined : await readToken(context, 'session', token);
  if (token === undefined || grant === undefined) return { kind: 'nobody' };
  const isOpenedBy = ({ passwordVersion }: Account): boolean => passwordVersion === grant.passwordVersion;
  const account = await accountByLog(context, grant.account, isOpenedBy);
  if (account === undefined || !isOpenedBy(account)) {
    // By the log itself it opens nothing any more: it need not be asked again.
    await spendToken(context, 'session', token);
    return { kind: 'nobody' };
  }
  if (isOver(account, clock.nowMs())) return { kind: 'nobody' };
  await touchSession(context, token, grant);
  return { kind: 'account', account, grant, token };
};

/** Addresses name accounts whatever their case. */
export const accountIn = (address: string): string => address.trim().toLowerCase();

export const requireSignedIn = (caller: Caller): void => {
  if (caller.kind === 'nobody') throw forbidden('nobody is signed in: POST /session/, or NGV-API-Key');
};

/** The account of the path: the caller's own, or any for a key. */
export const requireAccount = async (
  context: EllisContext,
  caller: Caller,
  address: string,
): Promise<Account> => {
  requireSignedIn(caller);
  const name = accountIn(address);
  if (caller.kind === 'account') {
    if (caller.account.account !== name) throw forbidden('this is the account of somebody else');
    return caller.account;
  }
  const account = await accountByLog(context, name);
  if (account === undefined) throw notFound('no such account');
  return account;
};

export const requireOperator = (caller: Caller): void => {
  requireSignedIn(caller);
  if (caller.kind === 'account' && caller.account.role !== 'operator')
    throw forbidden('this is for operators');
};
