// One number, two devices: which of them a call rings, and how, by what the caller prefers (RFC 3841 §7.2, §9.1; RFC 3840 §10.8
// `mobility`): the number's own phone is the fixed one, its twin the mobile one. Of other features nothing is known here, so they decide
// nothing. Pure. Reader: main.ts.
import { addrUri, aorOf, headerParam, headerParams, parseSipUri, splitValues, unquote } from '#libs/sip';

/** Numbers and their second devices; more are refused. */
export const TWINS_MAX = 10_000;
/** Values of one header that are looked at. */
const PREFERENCES_MAX = 20;

/** By the number's address of record. */
export type Twins = ReadonlyMap<string, string>;

/** `<number>=<device>` each; a text says which pair is none. A device that is a number itself would ring in circles. */
export const parseTwins = (pairs: readonly string[]): Twins | string => {
  if (pairs.length > TWINS_MAX) return `more than ${TWINS_MAX} pairs`;
  const twins = new Map<string, string>();
  for (const pair of pairs) {
    const [, number = '', device = ''] = /^(\S+?)=(sips?:\S+)$/i.exec(pair.trim()) ?? [];
    const aor = aorOf(number);
    if (aor === undefined || parseSipUri(device)?.user === undefined) return `${pair} is no pair`;
    if (twins.has(aor)) return `${number} has two`;
    twins.set(aor, device);
  }
  const circle = [...twins.values()].find((device) => twins.has(aorOf(device) ?? ''));
  return circle === undefined ? twins : `${circle} is a number itself`;
};

/** What is read of a request. */
export type Asked = Readonly<{ uri: string; get(name: string): string | undefined }>;

/** The number that is called; undefined: a call from the number, or of it to somewhere else (RFC 5502, TS 24.229 §7.2A.15). */
export const numberCalled = (asked: Asked): string | undefined => {
  const served = asked.get('P-Served-User');
  if (served === undefined) return aorOf(asked.uri);
  const isCalled =
    headerParam(served, 'sescase') !== 'orig' && headerParam(served, 'orig-cdiv') === undefined;
  return isCalled ? aorOf(addrUri(served)) : undefined;
};

const MOBILITIES = ['fixed', 'mobile'] as const;
type Mobility = (typeof MOBILITIES)[number];

type Preference = Readonly<{ takes: (mobility: Mobility) => boolean; isRequired: boolean; isAlone: boolean }>;

/** `fixed`, `!mobile`, `fixed,mobile` (RFC 3840 §9, RFC 3841 §6). */
const takesOf = (features: string) => {
  const tokens = features.toLowerCase().split(',').map((token) => token.trim()); // prettier-ignore
  return (mobility: Mobility): boolean =>
    tokens.some((token) => (token.startsWith('!') ? token.slice(1) !== mobility : token === mobility));
};

/** Values that say something of mobility. */
const preferencesIn = (header = ''): readonly Preference[] =>
  splitValues(header)
    .slice(0, PREFERENCES_MAX)
    .flatMap((value) => {
      const said = headerParam(value, 'mobility');
      if (said === undefined) return [];
      const isRequired = headerParam(value, 'require') !== undefined;
      return [{ takes: takesOf(unquote(said)), isRequired, isAlone: headerParams(value).length === 1 }];
    });

export type Ringing = Readonly<{ destinations: readonly string[]; together: boolean }>;

/** Whom to ring, the preferred one first; nobody: the caller wants no device that there is. */
export const ringingOf = (asked: Asked, twin: string | undefined): Ringing => {
  const { uri } = asked;
  if (twin === undefined) return { destinations: [uri], together: true };
  const accepted = preferencesIn(asked.get('Accept-Contact'));
  const required = accepted.filter(({ isRequired }) => isRequired);
  // RFC 3841 §7.2.4: only a device that says all of what is rejected is.
  const rejected = preferencesIn(asked.get('Reject-Contact')).filter(({ isAlone }) => isAlone);
  const left = MOBILITIES.filter(
    (mobility) =>
      required.every(({ takes }) => takes(mobility)) && !rejected.some(({ takes }) => takes(mobility)),
  );
  const score = (mobility: Mobility): number => accepted.filter(({ takes }) => takes(mobility)).length;
  const ordered = [...left].sort((a, b) => score(b) - score(a));
  const isPreferred = ordered.length === 2 && score(ordered[0]!) > score(ordered[1]!);
  const wishes = (asked.get('Request-Disposition') ?? '').toLowerCase().split(',').map((wish) => wish.trim()); // prettier-ignore
  const rung = wishes.includes('no-fork') ? ordered.slice(0, 1) : ordered;
  const together = wishes.includes('parallel') || (!wishes.includes('sequential') && !isPreferred);
  return { destinations: rung.map((mobility) => (mobility === 'fixed' ? uri : twin)), together };
};
