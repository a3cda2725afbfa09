// Where a URI leads without asking the network: IP literals, and names of a table (configuration, nodes of this process).
// RFC 3263 §4.1–4.2, RFC 3261 §19.1.1 (maddr), RFC 7118 §5.5 (ports of WebSocket). Real DNS is dns-resolver.ts, which asks this one first.
// Readers: the endpoint, apps.
import { canonicalIp } from '../fields/ip-address.js';
import { DEFAULT_PORTS } from './locate-servers.js';
import type { Resolver, Target, TransportName } from './transport.port.js';
import { parseSipUri, uriParam, type SipUri } from '../fields/uri.js';

/** Addresses given for one URI. */
export const TARGETS_MAX = 5;
/** Answers remembered by what follows the user part; when full, all are forgotten. */
export const RESOLVED_MAX = 1_024;

/** A name's addresses in the order to try: what SRV records would say. Names are compared without case. */
export type NameTable = Readonly<Record<string, readonly Target[]>>;

const SECURE: Readonly<Record<TransportName, TransportName | undefined>> = {
  udp: undefined,
  tcp: 'tls',
  tls: 'tls',
  ws: 'wss',
  wss: 'wss',
};

export type StaticResolverOptions = Readonly<{
  /**
   * Follow `maddr`, which names another host than the URI's. Off by default: URIs come in peers' text, and who checks their
   * host must not be led past the check.
   */
  maddr?: boolean;
}>;

/** Answers at once; [] for what does not resolve, never an exception. */
export interface StaticResolver extends Resolver {
  resolve(uri: string): readonly Target[];
}

export const createStaticResolver = (
  names: NameTable = {},
  { maddr = false }: StaticResolverOptions = {},
): StaticResolver => {
  const table = new Map(Object.entries(names).map(([name, targets]) => [hostKey(name), targets] as const));
  const resolved = new Map<string, readonly Target[]>();
  return {
    resolve(uri) {
      // Many users, few hosts: the answer depends on the scheme and on what follows the user part.
      const key = uri.slice(0, uri.indexOf(':') + 1) + uri.slice(uri.indexOf('@') + 1);
      const known = resolved.get(key);
      if (known) return known;
      const parsed = parseSipUri(uri);
      if (!parsed) return NOWHERE;
      const targets = targetsOf(uri, parsed, table, maddr);
      if (resolved.size >= RESOLVED_MAX) resolved.clear();
      resolved.set(key, targets);
      return targets;
    },
  };
};

const NOWHERE: readonly Target[] = [];

const targetsOf = (
  uri: string,
  { scheme, host: uriHost, port }: SipUri,
  table: ReadonlyMap<string, readonly Target[]>,
  maddr: boolean,
): readonly Target[] => {
  const wanted = wantedTransport(scheme, uriParam(uri, 'transport'));
  if (wanted === null) return NOWHERE;
  const host = (maddr && uriParam(uri, 'maddr')) || uriHost;
  const address = canonicalIp(host);
  if (address !== undefined) {
    const transport = wanted ?? (scheme === 'sips' ? 'tls' : 'udp');
    return [{ transport, address, port: port || DEFAULT_PORTS[transport] }];
  }
  const listed = table.get(hostKey(host)) ?? NOWHERE;
  // RFC 3263 §4.1: a name with a port is not looked up for transports; without one the table says which, in its order.
  const transport = wanted ?? (scheme === 'sips' ? 'tls' : port > 0 ? 'udp' : undefined);
  const chosen = transport === undefined ? listed : listed.filter((target) => target.transport === transport);
  if (chosen.length > 0 || transport === undefined)
    return unique(chosen.map((target) => named(port > 0 ? { ...target, port } : target, host)));
  // The name is known, but not for this transport: its addresses, as an A record would give them.
  return unique(
    listed.map(({ address: known }) =>
      named({ transport, address: known, port: port || DEFAULT_PORTS[transport] }, host),
    ),
  );
};

/** Over TLS the peer must be who the URI names (RFC 5922 §7.1). */
const named = (target: Target, host: string): Target =>
  target.transport === 'tls' || target.transport === 'wss'
    ? { ...target, serverName: hostKey(host) }
    : target;

/** undefined: the URI does not say; null: one that this stack does not speak, or cannot be secure. */
export const wantedTransport = (
  scheme: 'sip' | 'sips',
  param: string | undefined,
): TransportName | undefined | null => {
  if (param === undefined || param === '') return undefined;
  const name = param.toLowerCase();
  if (!Object.hasOwn(DEFAULT_PORTS, name)) return null;
  return scheme === 'sips' ? (SECURE[name as TransportName] ?? null) : (name as TransportName);
};

const unique = (targets: readonly Target[]): readonly Target[] => {
  const seen = new Set<string>();
  return targets
    .filter(({ transport, address, port }) => {
      const key = `${transport} ${address} ${port}`;
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, TARGETS_MAX);
};

/** Lower case, without the dot of a fully qualified name. */
export const hostKey = (host: string): string => {
  const lower = host.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
};
