// What is asked of DNS, and what it says. RFC 1035; SRV: RFC 2782; NAPTR: RFC 3403.
// Users: libs/sip through its own port (RFC 3263); the adapter that speaks to servers is adapters/dns-packet.exchange.ts.

export type RecordType = 'A' | 'AAAA' | 'SRV' | 'NAPTR';

export type AddressRecord = Readonly<{ type: 'A' | 'AAAA'; address: string }>;
export type SrvRecord = Readonly<{
  type: 'SRV';
  priority: number;
  weight: number;
  port: number;
  /** '' when the service is decidedly not there (a target of "."). */
  target: string;
}>;
export type NaptrRecord = Readonly<{
  type: 'NAPTR';
  order: number;
  preference: number;
  flags: string;
  services: string;
  regexp: string;
  replacement: string;
}>;
export type DnsRecord = AddressRecord | SrvRecord | NaptrRecord;

/** `none`: there is no such name, or none with such records. `failed`: nobody could say. */
export type DnsAnswer =
  | Readonly<{ kind: 'found'; records: readonly DnsRecord[] }>
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'failed' }>;

export interface Dns {
  /** At once where the answer is known; a promise, which never rejects, where a server must be asked. */
  lookup(name: string, type: RecordType): DnsAnswer | Promise<DnsAnswer>;
}

export type DnsServer = Readonly<{ address: string; port: number }>;

/** One record of a reply, still with its name and time to live; CNAMEs among them. */
export type ReplyRecord = Readonly<{ name: string; ttlS: number }> &
  Readonly<{ record: DnsRecord } | { alias: string }>;

export type DnsReply = Readonly<{
  /** NXDOMAIN: there is no such name. */
  exists: boolean;
  records: readonly ReplyRecord[];
  /** Of the zone's SOA: how long it may be believed that there is nothing (RFC 2308 §5). */
  negativeTtlS: number | undefined;
}>;

/** No usable reply: nobody answered in time, or the server says that it cannot (SERVFAIL, REFUSED). */
export class DnsUnavailable extends Error {}

/** One question to one server. Rejects with DnsUnavailable. */
export interface DnsExchange {
  ask(server: DnsServer, name: string, type: RecordType, timeoutMs: number): Promise<DnsReply>;
}
