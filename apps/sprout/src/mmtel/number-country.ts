// Does a dialled number lead to another country than a user's own? The user's number tells what is national for it, else the
// operator's country does. Numbering plans: libphonenumber-js. Asked only for rules with an `international` condition.
import {
  type CountryCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
  type PhoneNumber,
} from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/min/metadata';
import { plainNumber, userOf } from '#libs/sip';

/** Longer user parts are no telephone numbers (E.164 has 15 digits, prefixes before it a few more). */
const NUMBER_LENGTH_MAX = 40;
const DIALLED = /^\+?[0-9]{2,40}$/;

/** Digits of a tel URI, or of a SIP URI whose user part is a number, whether it says `user=phone` or not. */
export const dialledNumber = (uri: string): string | undefined => {
  const user = userOf(uri).split(';', 1)[0]!;
  if (user.length > NUMBER_LENGTH_MAX) return undefined;
  const number = plainNumber(user);
  return DIALLED.test(number) ? number : undefined;
};

/** A type guard of our own: that of the package's core says boolean. */
const isCountry = (code: string): code is CountryCode => isSupportedCountry(code as CountryCode, metadata);

const parsed = (number: string, country: CountryCode | undefined): PhoneNumber | undefined =>
  parsePhoneNumberFromString(
    number,
    { extract: false, ...(country === undefined ? {} : { defaultCountry: country }) },
    metadata,
  );

/** False where it cannot be told: no number was dialled, or nothing says where the user is at home. */
export const leadsAbroad = (dialledUri: string, ownUris: readonly string[], homeCountry: string): boolean => {
  const dialled = dialledNumber(dialledUri);
  if (dialled === undefined) return false;
  const operators = isCountry(homeCountry) ? homeCountry : undefined;
  const own = ownUris.map(dialledNumber).find((number) => number?.startsWith('+'));
  const home = own === undefined ? undefined : parsed(own, undefined);
  const country = home?.country ?? operators;
  const target = parsed(dialled, country);
  if (target === undefined) return false;
  // Countries that share a calling code are told apart where both numbers say which they are.
  if (target.country !== undefined && country !== undefined) return target.country !== country;
  return home !== undefined && target.countryCallingCode !== home.countryCallingCode;
};
