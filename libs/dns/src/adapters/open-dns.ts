// The DNS client of one process: of DNS_SERVERS, or of the machine's own servers, with /etc/hosts and with its counts among the
// metrics. Used by the apps that send SIP to names.
import type { Clock, Metrics, Random } from '#libs/runtime';
import { createDnsExchange } from './dns-packet.exchange.js';
import { parseDnsServer, systemDnsServers, systemHosts } from './system-names.js';
import { type CachedDns, createDns } from '../cached-dns.js';

export type OpenDnsOptions = Readonly<{
  /** undefined: the machine's; empty: nobody is asked, and only /etc/hosts is known. */
  servers: readonly string[] | undefined;
  clock: Clock;
  random: Random;
  /** Default: /etc/hosts. */
  hostsFile?: string;
  metrics: Pick<Metrics, 'counted'>;
  /** Of its counts; default: `dns_total`. */
  metric?: string;
}>;

/** A second client beside the first, of servers that know the URIs of numbers; undefined where there are none. */
export const openEnumDns = (options: Omit<OpenDnsOptions, 'metric'>): Readonly<{ enumDns?: CachedDns }> =>
  options.servers === undefined || options.servers.length === 0
    ? {}
    : { enumDns: openDns({ ...options, metric: 'enum_dns_total' }) };

export const openDns = ({
  servers,
  clock,
  random,
  metrics,
  hostsFile,
  metric = 'dns_total',
}: OpenDnsOptions): CachedDns => {
  const dns = createDns({
    servers: servers?.flatMap((text) => parseDnsServer(text) ?? []) ?? systemDnsServers(),
    exchange: createDnsExchange({ clock, random }),
    hosts: systemHosts(hostsFile),
    clock,
  });
  const { counts } = dns;
  metrics.counted(metric, 'DNS questions, by what became of them', 'kind', {
    asked: () => counts.asked,
    unanswered: () => counts.unanswered,
    stale: () => counts.stale,
    refused: () => counts.refused,
  });
  return dns;
};
