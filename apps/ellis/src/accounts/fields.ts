// What accounts are made of, as people give it: checked, 400 says which field (backend.md §9).
import type { EllisCall } from '../context.js';
import { badRequest } from '../outcome.js';
import { accountIn } from './who.js';

/** RFC 5321 §4.5.3.1.3. */
const ADDRESS_LENGTH_MAX = 254;
/** Clearwater's expression, with what has become usual in addresses since. It names a stream, so nothing else may stand in it. */
const ADDRESS = /^[\w.+%-]+@[\w.-]+\w$/;
export const PASSWORD_LENGTH_MIN = 6;
export const PASSWORD_LENGTH_MAX = 512;
const FULL_NAME_LENGTH_MAX = 64;
const EXPIRES_DAYS_MAX = 36_500;
const DAY_MS = 86_400_000;
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Whether an account can be named so. */
export const isAddress = (address: string): boolean =>
  address.length <= ADDRESS_LENGTH_MAX && ADDRESS.test(address);

const required = (call: EllisCall, name: string): string => {
  const value = call.field(name);
  if (value === undefined || value === '') throw badRequest(`${name}: is required`);
  return value;
};

export const addressField = (call: EllisCall, name = 'email'): string => {
  const address = accountIn(required(call, name));
  if (!isAddress(address)) throw badRequest(`${name}: takes an e-mail address`);
  return address;
};

export const passwordField = (call: EllisCall): string => {
  const password = required(call, 'password');
  if (password.length < PASSWORD_LENGTH_MIN || password.length > PASSWORD_LENGTH_MAX)
    throw badRequest(`password: takes ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters`);
  return password;
};

export const fullNameField = (call: EllisCall): string => {
  const name = required(call, 'full_name').trim();
  if (name === '' || name.length > FULL_NAME_LENGTH_MAX || CONTROL.test(name) || !name.isWellFormed())
    throw badRequest(`full_name: takes 1 to ${FULL_NAME_LENGTH_MAX} characters`);
  return name;
};

/** Days, from now on. */
export const expiryField = (call: EllisCall, nowMs: number): Readonly<{ expiresAtMs?: number }> => {
  const text = call.field('expires');
  if (text === undefined || text === '') return {};
  const days = Number(text);
  if (!/^\d{1,5}$/.test(text) || days < 1 || days > EXPIRES_DAYS_MAX)
    throw badRequest('expires: takes a number of days');
  return { expiresAtMs: nowMs + days * DAY_MS };
};

/** As forms and JSON say it. */
export const flagField = (call: EllisCall, name: string): boolean => {
  const text = call.field(name) ?? '';
  if (['', 'false', '0', 'no'].includes(text)) return false;
  if (['true', '1', 'yes', 'on'].includes(text)) return true;
  throw badRequest(`${name}: takes true or false`);
};
