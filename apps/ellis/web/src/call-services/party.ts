// What people type as somebody to call, divert to or block, as a URI (RFC 3261 §19.1, RFC 3966), and back. Pure.
// Used by the pages of services and of the phone.

export type Party = Readonly<{ ok: true; uri: string }> | Readonly<{ ok: false; reason: string }>;

const CHARACTERS_MAX = 256;
const SCHEME = /^(?:sips?|tel):/i;
const NUMBER = /^\+?[0-9][0-9().\- ]*$/;
const USER = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/%]+$/;
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?$/;

/** A number or name of the own domain, an address with @, or a whole URI. */
export const partyOf = (typed: string, domain: string): Party => {
  const text = typed.trim();
  if (text === '') return { ok: false, reason: 'Enter a number or an address.' };
  if (text.length > CHARACTERS_MAX) return { ok: false, reason: 'That is too long for an address.' };
  if (/\s/.test(text) && !NUMBER.test(text)) return { ok: false, reason: 'An address has no spaces.' };
  if (/^tel:/i.test(text)) return telOf(text.slice(4));
  // A key of every telephone; in a user it is escaped (RFC 3261 §25.1).
  const bare = text.replace(SCHEME, '').replaceAll('#', '%23');
  if (NUMBER.test(bare)) {
    const digits = bare.replace(/[().\- ]/g, '');
    return { ok: true, uri: digits.startsWith('+') ? `tel:${digits}` : `sip:${digits}@${domain}` };
  }
  const at = bare.lastIndexOf('@');
  const [user, host] = at < 0 ? [bare, domain] : [bare.slice(0, at), bare.slice(at + 1)];
  if (!USER.test(user) || !HOST.test(host)) return { ok: false, reason: 'That is no number and no address like name@example.com.' }; // prettier-ignore
  return { ok: true, uri: `${/^sips:/i.test(text) ? 'sips' : 'sip'}:${user}@${host}` };
};

const telOf = (number: string): Party => {
  const digits = number.replace(/[().\- ]/g, '');
  return /^\+?[0-9]{1,32}$/.test(digits)
    ? { ok: true, uri: `tel:${digits}` }
    : { ok: false, reason: 'That is no telephone number.' };
};

/** As people write it: without the scheme, and without the own domain. */
export const shownParty = (uri: string, domain = ''): string => {
  const bare = uri
    .replace(SCHEME, '')
    .replace(/[;?].*$/, '')
    .replaceAll('%23', '#');
  const own = `@${domain}`.toLowerCase();
  return domain !== '' && bare.toLowerCase().endsWith(own) ? bare.slice(0, -own.length) : bare;
};
