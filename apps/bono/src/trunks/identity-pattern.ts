// Which identities a trunk may speak for: `tel:+4420*`, `sip:*@carrier.example`, `sip:pbx1@ims.test`. One `*` at most, for any
// characters. Pure. Readers: trunk-file.ts, asserted-by-trunk.ts.
import { aorOf } from '#libs/sip';

export type IdentityPattern = Readonly<{ before: string; after: string; isWhole: boolean }>;

const STAR = '*';
const SCHEME = /^(?:sips?|tel):/i;

/** undefined: no pattern of a SIP or tel URI. */
export const readIdentityPattern = (text: string): IdentityPattern | undefined => {
  if (!SCHEME.test(text) || /[\s<>"]/.test(text)) return undefined;
  const star = text.indexOf(STAR);
  if (star < 0) {
    const identity = aorOf(text);
    return identity === undefined ? undefined : { before: identity, after: '', isWhole: true };
  }
  const [before, after] = [text.slice(0, star), text.slice(star + 1)];
  if (after.includes(STAR)) return undefined;
  const colon = before.indexOf(':');
  if (colon < 0) return undefined;
  // The scheme and the host are written small in what is compared.
  return {
    before: before.slice(0, colon).toLowerCase() + before.slice(colon),
    after: after.toLowerCase(),
    isWhole: false,
  };
};

/** `identity`: as aorOf writes it. */
export const matchesIdentity = ({ before, after, isWhole }: IdentityPattern, identity: string): boolean =>
  isWhole
    ? identity === before
    : identity.length >= before.length + after.length &&
      identity.startsWith(before) &&
      identity.endsWith(after);
