// Where a request goes: the peer that its Destination-Host names, else those of its realm in order; the first one that is trusted.
// RFC 6733 §6.1.4–6.1.6, RFC 3539 §3.4. Pure.
import type { Peer } from '../peer/peer.js';

/** One line of the realm routing table; `*` stands for any realm. The first peer is the primary. */
export type Route = Readonly<{ realm: string; applicationId?: number; peers: readonly string[] }>;

export type Destination = Readonly<{
  applicationId: number;
  realm: string;
  host?: string | undefined;
  /** Instead of the table: these, in order. */
  through?: readonly string[] | undefined;
}>;

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const routeOf = (routes: readonly Route[], { realm, applicationId }: Destination): readonly string[] => {
  const matches = (route: Route, name: string): boolean =>
    sameName(route.realm, name) &&
    (route.applicationId === undefined || route.applicationId === applicationId);
  const route = routes.find((one) => matches(one, realm)) ?? routes.find((one) => matches(one, '*'));
  return route?.peers ?? [];
};

const supports = ({ remote }: Peer, applicationId: number): boolean =>
  remote?.common.has(applicationId) ?? false;

/**
 * Those it may go to now, best first: trusted ones in the table's order, then those on probation. A peer that Destination-Host
 * names is the only one when it is known here; when it is not, agents of the realm may know it.
 */
export const candidates = (
  peers: ReadonlyMap<string, Peer>,
  routes: readonly Route[],
  destination: Destination,
): readonly Peer[] => {
  const { host, through, applicationId } = destination;
  const named = host === undefined || through ? undefined : peers.get(host.toLowerCase());
  const names = named ? [named.host] : (through ?? routeOf(routes, destination));
  const usable = names.flatMap((name) => {
    const peer = peers.get(name.toLowerCase());
    return peer && supports(peer, applicationId) ? [peer] : [];
  });
  return [
    ...usable.filter(({ isTrusted }) => isTrusted),
    ...usable.filter(({ isOnProbation }) => isOnProbation),
  ];
};
