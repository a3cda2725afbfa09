// The other form of a caller's number: who is asserted by one of tel and SIP URI is told by both, so that each network finds the one
// that it can show (RFC 3325 §9.1, TS 24.229 §5.4.3.2). Where the originating chain begins. Reader: branches.ts.
import { addrUri, type Edits, firstValue, H, hostPortOf, type SipMessage, userOf } from '#libs/sip';
import type { Served } from '../isc/chain.js';

const PLUS = '+';

/** tel for a number of this domain that the user has as tel too; SIP for any number; undefined: it is no number. */
const otherForm = (
  uri: string,
  { aliases }: Pick<Served, 'aliases'>,
  homeDomain: string,
): string | undefined => {
  const number = userOf(uri);
  if (!number.startsWith(PLUS)) return undefined;
  if (uri.slice(0, 4).toLowerCase() === 'tel:') return `sip:${number}@${homeDomain};user=phone`;
  const tel = `tel:${number}`;
  return hostPortOf(uri).toLowerCase() === homeDomain && aliases.includes(tel) ? tel : undefined;
};

/** Adds it where there is one identity alone. */
export const assertBothForms = (
  request: SipMessage,
  edits: Edits,
  served: Served,
  homeDomain: string,
): void => {
  const line = request.findLine(H.PAssertedIdentity);
  if (line < 0) return;
  const asserted = request.lineValue(line);
  // Most callers are no numbers.
  if (!asserted.includes(PLUS) || request.findLine(H.PAssertedIdentity, line + 1) >= 0) return;
  const only = firstValue(request, H.PAssertedIdentity);
  if (only === undefined || only.length !== asserted.length) return;
  const other = otherForm(addrUri(only), served, homeDomain);
  if (other !== undefined) edits.append(H.PAssertedIdentity, `<${other}>`);
};
