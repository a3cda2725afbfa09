// How a trunk writes numbers, and what they are here: global ones (E.164). `0044…`, `020…` and `+4420…` of a trunk in country 44 are one
// number. Without a country only what begins with + is a global number. Pure. Readers: trunk-file.ts, called-by-trunk.ts, asserted-by-trunk.ts.
import { aorOf, parseUri, plainNumber, type SipUri, unescapePercent } from '#libs/sip';

export type NumberPlan = Readonly<{ country: string; national: string; international: string }>;

const COUNTRY = /^[1-9][0-9]{0,2}$/;
const PREFIX = /^[0-9*#]{0,6}$/;
const DIGITS = /^[0-9]+$/;
const GLOBAL = /^\+[0-9]{1,15}$/;

type Stated = Readonly<Record<'country' | 'national' | 'international', string | undefined>>;

/** A text is the reason why it is none. */
export const readNumberPlan = ({ country, national, international }: Stated): NumberPlan | string => {
  if (country === undefined)
    return national === undefined && international === undefined
      ? { country: '', national: '', international: '' }
      : '"nationalPrefix" and "internationalPrefix" need a "country"';
  if (!COUNTRY.test(country)) return `"country": ${country} is no country code such as 44`;
  const plan = { country, national: national ?? '0', international: international ?? '00' };
  if (!PREFIX.test(plan.national) || !PREFIX.test(plan.international)) return 'prefixes take digits';
  return plan;
};

/** The global number that a dialled or shown one is; undefined: it is none. */
export const globalNumber = (written: string, plan: NumberPlan): string | undefined => {
  const number = plainNumber(written);
  const found = number.startsWith('+') ? number : expanded(number, plan);
  return found !== undefined && GLOBAL.test(found) ? found : undefined;
};

const expanded = (number: string, { country, national, international }: NumberPlan): string | undefined => {
  if (country === '' || !DIGITS.test(number)) return undefined;
  if (international !== '' && number.startsWith(international))
    return `+${number.slice(international.length)}`;
  if (!number.startsWith(national)) return undefined;
  return `+${country}${number.slice(national.length)}`;
};

const isPhone = ({ params }: SipUri): boolean => /;user=phone(?:;|$)/i.test(params);

/** The global number in a URI: tel, or SIP that says `user=phone`, or whose user is one, with + or by the plan. */
export const numberInUri = (text: string, plan: NumberPlan): string | undefined => {
  const parsed = parseUri(text);
  if (!parsed.ok) return undefined;
  const { uri } = parsed;
  if (uri.scheme === 'tel') return globalNumber(uri.number, plan);
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return undefined;
  const [user = ''] = unescapePercent(uri.user ?? '').split(';', 1);
  // Names are not numbers because they happen to be digits, unless the trunk has a plan.
  if (!user.startsWith('+') && !isPhone(uri) && plan.country === '') return undefined;
  return globalNumber(user, plan);
};

/** As identities are compared: numbers as tel, whatever they came as. */
export const identityIn = (text: string, plan: NumberPlan): string | undefined => {
  const number = numberInUri(text, plan);
  return number === undefined ? aorOf(text) : `tel:${number}`;
};
