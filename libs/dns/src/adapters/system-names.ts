// What this machine says about names: its DNS servers (resolv.conf, by Node) and /etc/hosts, both as they are at a start.
// Read by the apps that make a DNS client.
import { getServers } from 'node:dns';
import { readFileSync, statSync } from 'node:fs';
import type { AddressRecord, DnsServer } from '../dns.port.js';
import { parseHosts } from '../hosts-file.js';

export const DNS_PORT = 53;
const HOSTS_FILE = '/etc/hosts';
const HOSTS_BYTES_MAX = 1_048_576;

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`; undefined for anything else. */
export const parseDnsServer = (text: string): DnsServer | undefined => {
  const [, bracketed, bracketedPort, plain, plainPort] =
    /^(?:\[([0-9A-Fa-f:.]{2,45})\](?::(\d{1,5}))?|(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?)$/.exec(text) ??
    [];
  const address = bracketed ?? plain ?? (/^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(text) ? text : undefined);
  const port = Number(bracketedPort ?? plainPort ?? DNS_PORT);
  return address === undefined || port < 1 || port > 65_535 ? undefined : { address, port };
};

export const systemDnsServers = (): readonly DnsServer[] =>
  getServers().flatMap((server) => parseDnsServer(server) ?? []);

/** Empty where there is no such file, or one that nobody can mean. */
export const systemHosts = (file = HOSTS_FILE): ReadonlyMap<string, readonly AddressRecord[]> => {
  try {
    return statSync(file).size > HOSTS_BYTES_MAX ? new Map() : parseHosts(readFileSync(file, 'utf8'));
  } catch {
    return new Map();
  }
};
