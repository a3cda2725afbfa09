// Identities as rules compare them: a number by its digits whatever scheme it is written in, anything else by user and
// host (RFC 3966 §5, RFC 3261 §19.1.4 as far as identities go). Used by rule-conditions.ts and whoever lists identities.

/** `+15551234` of tel:+1-555-1234 and of sip:+15551234@ims.test;user=phone; else user@host, where the user keeps its case. */
export const partyKey = (uri: string): string => {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, colon).toLowerCase();
  const rest = cutAt(uri.slice(colon + 1), '?');
  if (scheme === 'tel') return numberOf(cutAt(rest, ';'));
  if (scheme !== 'sip' && scheme !== 'sips') return uri;
  const at = rest.lastIndexOf('@');
  const host = hostOf(rest.slice(at + 1));
  if (at < 0) return host;
  const user = cutAt(rest.slice(0, at), ':');
  const number = numberOf(cutAt(user, ';'));
  return /^\+[0-9]+$/.test(number) ? number : `${user}@${host}`;
};

/** The domain of an identity in lower case; undefined for a number in a tel URI. */
export const partyDomain = (uri: string): string | undefined => {
  if (!/^sips?:/i.test(uri)) return undefined;
  const rest = cutAt(uri, '?');
  return hostOf(rest.slice(Math.max(rest.lastIndexOf('@'), rest.indexOf(':')) + 1));
};

const cutAt = (text: string, mark: string): string => {
  const at = text.indexOf(mark);
  return at < 0 ? text : text.slice(0, at);
};

const hostOf = (hostPart: string): string => cutAt(hostPart, ';').replace(/:[0-9]*$/, '').toLowerCase(); // prettier-ignore

const numberOf = (number: string): string => number.replace(/[-.() ]/g, '').toLowerCase();
