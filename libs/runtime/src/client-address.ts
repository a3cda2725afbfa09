// Which client does an HTTP request come from, for counting its failures? Whom a trusted proxy names, else who connected; and what one
// subscriber line is, which has more addresses than anybody can count. Used by the HTTP rims of Ellis, Homer and the call list, and by Sprout.
import { isIP } from 'node:net';

/** From the address that connected and X-Forwarded-For. */
export type ClientAddress = (remote: string, forwarded: string | undefined) => string;

/** The last entry is the one that the proxy wrote: those before it are what the client says. */
export const clientAddressBy =
  (isProxy: (address: string) => boolean): ClientAddress =>
  (remote, forwarded) => {
    const last = forwarded?.split(',').at(-1)?.trim() ?? '';
    return isIP(last) !== 0 && isProxy(remote) ? last : remote;
  };

const GROUPS = 8;
const LINE_GROUPS = 4;

const groupsIn = (text: string): string[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16).toString(16));

/** IPv4 as it is, mapped or not; IPv6 by its /64: one line has 2^64 addresses to fail from. Other text as it is. */
export const lineOf = (address: string): string => {
  if (!address.includes(':')) return address;
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const [first, last] = [groupsIn(head), groupsIn(tail ?? '')];
  while (first.length + last.length < GROUPS) first.push('0');
  return `${[...first, ...last].slice(0, LINE_GROUPS).join(':')}::/64`;
};
