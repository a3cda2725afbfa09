// /etc/hosts as a table of names. hosts(5). Pure; the file is read by adapters/system-names.ts.
import { isIPv4, isIPv6 } from 'node:net';
import { dnsName } from './dns-name.js';
import type { AddressRecord } from './dns.port.js';

/** Lines read; what comes after is not there. */
export const HOSTS_LINES_MAX = 20_000;

export const parseHosts = (text: string): ReadonlyMap<string, readonly AddressRecord[]> => {
  const hosts = new Map<string, AddressRecord[]>();
  for (const line of text.split('\n', HOSTS_LINES_MAX)) {
    const [address = '', ...names] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    const type = isIPv4(address) ? 'A' : isIPv6(address) ? 'AAAA' : undefined;
    if (type === undefined) continue;
    for (const written of names) {
      const name = dnsName(written);
      if (name === undefined) continue;
      const known = hosts.get(name) ?? [];
      if (known.every((record) => record.address !== address)) hosts.set(name, [...known, { type, address }]);
    }
  }
  return hosts;
};
