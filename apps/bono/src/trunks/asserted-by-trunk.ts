// Who calls, as far as a trunk's word goes (RFC 3324, RFC 3325 §5, TS 24.229 §5.10.3): the identities that the edge asserts of a request
// or an answer that came from it. Pure. Readers: handlers/from-trunk.ts, handlers/to-trunk.ts.
import { addrUri, H, type SipMessage, values } from '#libs/sip';
import { matchesIdentity } from './identity-pattern.js';
import { identityIn } from './number-plan.js';
import type { Trunk } from './trunk-file.js';

/** RFC 3325 §9.1: one SIP or tel URI, or one of each. */
const ASSERTED_MAX = 2;

const isTel = (identity: string): boolean => identity.startsWith('tel:');

const statedIn = (message: SipMessage, trunk: Trunk): readonly string[] => {
  const stated = [...values(message, H.PAssertedIdentity)];
  // A PBX that does not know better prefers, or just says who it is; so do trunks that are screened. In an answer From is the caller.
  if (message.isRequest && stated.length === 0 && trunk.identity === 'screened')
    stated.push(...values(message, H.PPreferredIdentity), message.header(H.From) ?? '');
  return stated.flatMap((value) => identityIn(addrUri(value), trunk.numbers) ?? []);
};

const believed = (message: SipMessage, trunk: Trunk): readonly string[] => {
  switch (trunk.identity) {
    case 'untrusted':
      return [];
    case 'trusted':
      return statedIn(message, trunk);
    case 'screened':
      return statedIn(message, trunk).filter((identity) =>
        trunk.identities.some((pattern) => matchesIdentity(pattern, identity)),
      );
  }
};

/** Whom to assert; none: nobody. A PBX's own user where it names nobody that it may. */
export const assertedByTrunk = (message: SipMessage, trunk: Trunk): readonly string[] => {
  const [first, ...others] = believed(message, trunk);
  if (first === undefined) return message.isRequest && trunk.user !== undefined ? [trunk.user] : [];
  const second = others.find((identity) => isTel(identity) !== isTel(first));
  return second === undefined ? [first] : [first, second].slice(0, ASSERTED_MAX);
};
