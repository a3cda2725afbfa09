export * from './dns.port.js';
export { createDns, SERVERS_MAX, type CachedDns, type DnsCounts, type DnsOptions } from './cached-dns.js';
export { dnsName } from './dns-name.js';
export { parseHosts } from './hosts-file.js';
export { createDnsExchange } from './adapters/dns-packet.exchange.js';
export { parseDnsServer, systemDnsServers, systemHosts } from './adapters/system-names.js';
export { openDns, openEnumDns, type OpenDnsOptions } from './adapters/open-dns.js';
