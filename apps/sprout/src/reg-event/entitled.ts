// Who may watch a registration (TS 24.229 §5.4.2.1.1, RFC 3680 §4.6): its own users, the edges that they registered through, and the
// application servers that their filter criteria name. Pure. Reader: subscribe.ts.
import type { Binding } from '#libs/domain';
import { addrUri, aorOf, firstValue, H, hostKey, hostPortOf, type SipMessage } from '#libs/sip';
import type { Profile } from '../profile-cache.js';

/** Whom the network vouches for; a trusted peer that vouches for nobody speaks for itself. */
export const assertedWatcher = (request: SipMessage): string =>
  addrUri(firstValue(request, H.PAssertedIdentity) ?? request.header(H.From)!);

/** Host of a SIP URI without its port; '' for what names none, as tel URIs. */
const hostOf = (uri: string): string => {
  const hostPort = hostPortOf(uri);
  return /^sips?:/i.test(uri) ? hostKey(hostPort.replace(/:\d*$/, '')) : '';
};

export type WatchedUser = Readonly<{
  impu: string;
  profile: Pick<Profile, 'identities' | 'served'>;
  bindings: readonly Binding[];
}>;

/**
 * Is this watcher let in? A machine is known by its host, unless that is the home domain: there every subscriber lives, and
 * the whole URI has to be the same.
 */
export const isEntitled = (
  watcher: string,
  { impu, profile, bindings }: WatchedUser,
  homeDomain: string,
): boolean => {
  const identity = aorOf(watcher);
  if (identity === undefined) return false;
  if (profile.identities.includes(identity)) return true;
  const host = hostOf(watcher);
  const isOneOf = (uri: string): boolean => {
    const other = hostOf(uri);
    return other === hostKey(homeDomain) ? aorOf(uri) === identity : other !== '' && other === host;
  };
  const servers = profile.served.get(impu)?.criteria.criteria ?? [];
  return (
    servers.some(({ source }) => isOneOf(source.applicationServer.serverName)) ||
    bindings.some(({ path }) => path.some((hop) => isOneOf(addrUri(hop))))
  );
};
