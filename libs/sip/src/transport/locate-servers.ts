// Locating SIP servers by DNS: NAPTR says over which transports, SRV on which hosts and ports, A and AAAA at which addresses.
// RFC 3263 §4.1–4.3, RFC 7118 §5.5 (WebSocket has NAPTR services, and no SRV name of its own to fall back to).
// Pure: it works on the answers that are there, and names those that it still needs. Reader: dns-resolver.ts.
import type { AddressEntry, NameAnswer, NameType, NaptrEntry, SrvEntry } from './name-lookup.port.js';
import { orderSrv } from './srv-order.js';
import type { Target, TransportName } from './transport.port.js';

/** Services that are looked at; those beyond, the least preferred, are not. */
export const SERVICES_MAX = 8;
/**
 * Hosts of one service that are looked at. Of more, those of the first priorities; where one priority has more than there is room for,
 * those of the greatest weight, and of equal weight those that DNS names first. The others get nothing, whatever the weights promise.
 */
export const HOSTS_MAX = 16;

export type Wanted = Readonly<{
  host: string;
  secure: boolean;
  /** 0: none given. */
  port: number;
  /** undefined: the URI does not say. */
  transport: TransportName | undefined;
}>;

export type Speaks = Readonly<{
  /** Transports that this node can use, in its own order of preference. */
  transports: readonly TransportName[];
  families: readonly (4 | 6)[];
}>;

/** Answers that are there; undefined for one that is not, which is then asked for. */
export type Known = (name: string, type: NameType) => NameAnswer | undefined;

/** One SRV set to look at, or a host and port without. */
type Service = Readonly<{ transport: TransportName; srv: string }>;
type Host = Readonly<{ transport: TransportName; name: string; port: number }>;

export const DEFAULT_PORTS: Readonly<Record<TransportName, number>> = {
  udp: 5060,
  tcp: 5060,
  tls: 5061,
  ws: 80,
  wss: 443,
};
const NAPTR_SERVICES: ReadonlyMap<string, TransportName> = new Map([
  ['SIP+D2U', 'udp'],
  ['SIP+D2T', 'tcp'],
  ['SIPS+D2T', 'tls'],
  ['SIP+D2W', 'ws'],
  ['SIPS+D2W', 'wss'],
]);
const SRV_PREFIX: Readonly<Partial<Record<TransportName, string>>> = {
  udp: '_sip._udp.',
  tcp: '_sip._tcp.',
  tls: '_sips._tcp.',
};

/**
 * Every address in the order to try. 'incomplete': answers are missing, of which `known` was asked. 'failed': nobody could say
 * where the hosts or the services are, and to try others in their place would be a guess.
 */
export const locateServers = (
  wanted: Wanted,
  speaks: Speaks,
  known: Known,
  random: () => number,
): readonly Target[] | 'incomplete' | 'failed' => {
  const hosts = hostsOf(wanted, speaks, known, random);
  if (typeof hosts === 'string') return hosts;
  // All are asked for at once, so that one round of questions is enough.
  const found = hosts.map((host) => addressesOf(host, speaks, known, random));
  if (found.includes('incomplete')) return 'incomplete';
  const targets = found.flatMap((one) => (typeof one === 'string' ? [] : one));
  if (targets.length === 0 && found.includes('failed')) return 'failed';
  // Over TLS the peer must be who the URI names, not whom DNS names (RFC 5922 §7.1).
  return targets.map((target) =>
    isSecure(target.transport) ? { ...target, serverName: wanted.host } : target,
  );
};

const isSecure = (transport: TransportName): boolean => transport === 'tls' || transport === 'wss';

const hostsOf = (
  wanted: Wanted,
  speaks: Speaks,
  known: Known,
  random: () => number,
): readonly Host[] | 'incomplete' | 'failed' => {
  const { host: name, port } = wanted;
  const transport = wanted.transport ?? (wanted.secure ? 'tls' : 'udp');
  // §4.2: with a port there is nothing to look up but the address.
  if (port > 0) return [{ transport, name, port }];
  const services = servicesOf(wanted, speaks, known);
  if (services === 'incomplete') return services;
  const found = services.map((service) => srvHosts(service, known, random));
  if (found.includes('incomplete')) return 'incomplete';
  if (found.every((one) => one === 'none')) return [{ transport, name, port: DEFAULT_PORTS[transport] }];
  const hosts = found.flatMap((one) => (typeof one === 'string' ? [] : one));
  return hosts.length === 0 && found.includes('failed') ? 'failed' : hosts;
};

/** §4.1: by the transport asked for, else by NAPTR, else each that this node speaks. */
const servicesOf = (
  { host, secure, transport }: Wanted,
  { transports }: Speaks,
  known: Known,
): readonly Service[] | 'incomplete' => {
  if (transport !== undefined) return srvOf(transport, host);
  const answer = known(host, 'NAPTR');
  if (answer === undefined) return 'incomplete';
  const usable = transports.filter((one) => !secure || isSecure(one));
  // Servers that do not know NAPTR fail at it: then it is as if there were none.
  const named = answer.kind === 'found' ? naptrServices(answer.records.filter(isNaptr), usable) : [];
  if (named.length > 0) return named;
  // Without NAPTR nothing says that a SIP URI may go over TLS: `_sips` is for SIPS URIs.
  return usable.filter((one) => secure || !isSecure(one)).flatMap((one) => srvOf(one, host));
};

const srvOf = (transport: TransportName, host: string): readonly Service[] => {
  const prefix = SRV_PREFIX[transport];
  return prefix === undefined ? [] : [{ transport, srv: prefix + host }];
};

/** Terminal records that lead to SRV, in the order that the domain wants (RFC 3403 §4.1: order, then preference). */
const naptrServices = (
  entries: readonly NaptrEntry[],
  usable: readonly TransportName[],
): readonly Service[] =>
  [...entries]
    .sort((a, b) => a.order - b.order || a.preference - b.preference)
    .flatMap(({ flags, services, regexp, replacement }) => {
      const transport = NAPTR_SERVICES.get(services.toUpperCase());
      const fits = flags.toLowerCase() === 's' && regexp === '' && replacement !== '';
      return transport !== undefined && fits && usable.includes(transport)
        ? [{ transport, srv: replacement }]
        : [];
    })
    .slice(0, SERVICES_MAX);

/** 'none': there are no such records. An empty list: the service is decidedly not there (RFC 2782, a target of "."). */
const srvHosts = (
  { transport, srv }: Service,
  known: Known,
  random: () => number,
): readonly Host[] | 'none' | 'incomplete' | 'failed' => {
  const answer = known(srv, 'SRV');
  if (answer === undefined) return 'incomplete';
  if (answer.kind !== 'found') return answer.kind;
  const entries = answer.records.filter(isSrv);
  const first = [...entries]
    .sort((a, b) => a.priority - b.priority || b.weight - a.weight)
    .slice(0, HOSTS_MAX);
  return orderSrv(first, random)
    .filter(({ target, port }) => target !== '' && port > 0)
    .map(({ target, port }) => ({ transport, name: target, port }));
};

/** Of one host, each address at random, so that all of them get work. */
const addressesOf = (
  { transport, name, port }: Host,
  { families }: Speaks,
  known: Known,
  random: () => number,
): readonly Target[] | 'incomplete' | 'failed' => {
  const answers = families.map((family) => known(name, family === 4 ? 'A' : 'AAAA'));
  if (answers.includes(undefined)) return 'incomplete';
  const targets = answers.flatMap((answer) =>
    answer?.kind === 'found' ? shuffled(answer.records.filter(isAddress), random) : [],
  );
  if (targets.length === 0 && answers.some((answer) => answer?.kind === 'failed')) return 'failed';
  return targets.map(({ address }) => ({ transport, address, port }));
};

const shuffled = <T>(items: readonly T[], random: () => number): readonly T[] => {
  const left = [...items];
  for (let i = left.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [left[i], left[j]] = [left[j]!, left[i]!];
  }
  return left;
};

const isNaptr = (record: { type: NameType }): record is NaptrEntry => record.type === 'NAPTR';
const isSrv = (record: { type: NameType }): record is SrvEntry => record.type === 'SRV';
const isAddress = (record: { type: NameType }): record is AddressEntry =>
  record.type === 'A' || record.type === 'AAAA';
