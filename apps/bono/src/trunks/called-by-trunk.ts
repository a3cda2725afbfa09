// Whom a trunk calls: a number, or a user of this network by whatever name of it the trunk knows. Anything else is somebody else's, and
// this edge relays to nobody (TS 24.229 §5.10.3). Pure. Reader: handlers/from-trunk.ts.
import { hasOwnHost, type OwnHosts } from './own-hosts.js';
import { numberInUri } from './number-plan.js';
import type { Trunk } from './trunk-file.js';
import { parseUri } from '#libs/sip';

/** The Request-URI as the core knows it; undefined: nobody here. */
export const calledByTrunk = (requestUri: string, { numbers }: Trunk, own: OwnHosts): string | undefined => {
  const parsed = parseUri(requestUri);
  if (!parsed.ok) return undefined;
  const { uri } = parsed;
  if (uri.scheme === 'tel') {
    const number = numberInUri(requestUri, numbers);
    return number === undefined ? requestUri : `tel:${number}${uri.params}`;
  }
  if (
    (uri.scheme !== 'sip' && uri.scheme !== 'sips') ||
    uri.user === undefined ||
    !hasOwnHost(requestUri, own)
  )
    return undefined;
  const number = numberInUri(requestUri, numbers);
  return number === undefined
    ? `${uri.scheme}:${uri.user}@${own.homeDomain}${uri.params}`
    : `${uri.scheme}:${number}@${own.homeDomain};user=phone`;
};
