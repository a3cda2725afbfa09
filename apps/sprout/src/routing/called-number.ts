// Is a Request-URI a telephone number, and has somebody looked up to which network it was ported? RFC 3966, RFC 4694 (rn, npdi),
// RFC 3261 §19.1.6 (user=phone); docs/clearwater/sip.md §3.2. Readers: way-out.ts.
import { parseUri, plainNumber, type SipUri, unescapePercent } from '#libs/sip';

export type CalledNumber = Readonly<{
  /** Without visual separators; `+` before a global one. */
  number: string;
  isGlobal: boolean;
  /** Routing number of the network that the number was ported to; without separators. */
  rn: string | undefined;
  /** The look-up was made, whatever it gave. */
  npdi: boolean;
}>;

export type NumberSettings = Readonly<{
  homeDomain: string;
  /** A SIP URI is a number only where it says `user=phone`; else also one of our domain whose user is all digits. */
  enforceUserPhone: boolean;
  /** ENUM is asked for global numbers only. */
  enforceGlobalOnlyLookups: boolean;
  /** ENUM is asked, and believed, also where portability data is there already. */
  overrideNpdi: boolean;
}>;

const DIALLED = /^\+?[0-9*#]+$/;
/** RFC 3966 has letters in local numbers besides (`tel:0a`): hexadecimal digits. */
const LOCAL_OR_GLOBAL = /^\+?[0-9a-f*#]+$/;

const param = (params: string, name: string): string | undefined => {
  for (const one of params.split(';')) {
    const equals = one.indexOf('=');
    if ((equals < 0 ? one : one.slice(0, equals)).toLowerCase() === name)
      return equals < 0 ? '' : one.slice(equals + 1);
  }
  return undefined;
};

const numberOf = (written: string, params: string): CalledNumber | undefined => {
  const number = plainNumber(written);
  if (!LOCAL_OR_GLOBAL.test(number)) return undefined;
  const rn = plainNumber(param(params, 'rn') ?? '');
  return {
    number,
    isGlobal: number.startsWith('+'),
    rn: LOCAL_OR_GLOBAL.test(rn) ? rn : undefined,
    npdi: param(params, 'npdi') !== undefined,
  };
};

/** A number with its parameters stands in the user part as it would in a tel URI (RFC 3261 §19.1.6). */
const inSip = (uri: SipUri, { homeDomain, enforceUserPhone }: NumberSettings): CalledNumber | undefined => {
  const user = unescapePercent(uri.user ?? '');
  const semicolon = user.indexOf(';');
  const [written, params] = semicolon < 0 ? [user, ''] : [user.slice(0, semicolon), user.slice(semicolon)];
  if (param(uri.params, 'user')?.toLowerCase() === 'phone') return numberOf(written, params);
  if (enforceUserPhone || uri.host !== homeDomain || param(uri.params, 'gr') !== undefined) return undefined;
  return DIALLED.test(plainNumber(written)) ? numberOf(written, params) : undefined;
};

/** undefined: no number. */
export const calledNumber = (requestUri: string, settings: NumberSettings): CalledNumber | undefined => {
  const parsed = parseUri(requestUri);
  if (!parsed.ok) return undefined;
  const { uri } = parsed;
  if (uri.scheme === 'tel') return numberOf(uri.number, uri.params);
  return uri.scheme === 'sip' || uri.scheme === 'sips' ? inSip(uri, settings) : undefined;
};
