// A number as Clearwater's clients read it (backend.md §9).
import type { LineNumber } from '#libs/domain';
import type { Line } from '../contract.js';

/** `6505550001` of `sip:6505550001@ims.test`. */
export const userOf = (sipUri: string): string => sipUri.replace(/^sips?:/i, '').split('@', 1)[0] ?? '';
export const domainOf = (sipUri: string): string => sipUri.split('@')[1] ?? '';

/** North American numbers as they are written there; others as they stand. */
export const formatted = (number: string): string =>
  number.replace(/^(\+?1)?(\d{3})(\d{3})(\d{4})$/, (_all, one: string | undefined, area, exchange, line) =>
    `${one === undefined ? '' : `${one} `}(${area}) ${exchange}-${line}`,
  ); // prettier-ignore

export const numberBody = ({ number, numberId, pstn, listed, privateId }: LineNumber): Line => ({
  sip_uri: number,
  sip_username: userOf(number),
  number: userOf(number),
  formatted_number: formatted(userOf(number)),
  number_id: numberId,
  domain: domainOf(number),
  pstn,
  gab_listed: listed,
  private_id: privateId,
});
