// Who may see whom: the caller's and the callee's Privacy (RFC 3323, RFC 3325 §9.3) with OIP and OIR (TS 24.607), TIP and
// TIR (TS 24.608). Pure: header values in, what to change out. Reader: Sprout's MMTEL server.
import type { IdentityRestriction, Simservs } from './simservs.js';

export const ANONYMOUS_URI = 'sip:anonymous@anonymous.invalid';
/** The status for what was asked for critically and cannot be given (RFC 3323 §5). */
export const PRIVACY_NOT_GIVEN = 500;

/** The priv-values of all Privacy lines, in lower case. */
export const privacyOf = (values: readonly string[]): ReadonlySet<string> =>
  new Set(values.flatMap((value) => value.toLowerCase().split(/[;,\s]+/)).filter((token) => token !== ''));

/** Hidden by the caller's own wish. */
export const isPrivate = (privacy: ReadonlySet<string>): boolean =>
  privacy.has('id') || privacy.has('header') || privacy.has('user');

const HIDING = ['id', 'header', 'user', 'session'] as const;

/** The levels of the caller's Privacy that keep its name from whom it calls; of none it may be told. */
export const hidingLevels = (privacy: ReadonlySet<string>): readonly string[] =>
  privacy.has('none') ? [] : HIDING.filter((level) => privacy.has(level));

/**
 * OIR of the caller (TS 24.607 §4.5.2.4): the Privacy that the request goes on with; undefined: as it came.
 * A caller may show itself in one call by `none`, and `critical` stays.
 */
export const restrictedCaller = (
  service: IdentityRestriction | undefined,
  privacy: ReadonlySet<string>,
): string | undefined => {
  if (service === undefined || !service.active || privacy.has('none')) return undefined;
  const wanted = service.restricted ? ['id', 'header', 'user'] : isPrivate(privacy) ? ['user'] : [];
  if (wanted.every((level) => privacy.has(level))) return undefined;
  return [...new Set([...privacy, ...wanted])].join(';');
};

export type CallerShown = Readonly<{
  /** From becomes "Anonymous". */
  anonymousFrom: boolean;
  /** Every P-Asserted-Identity goes. */
  hideAsserted: boolean;
  /** Headers that would tell; by name. */
  remove: readonly string[];
}>;

/** RFC 3323 §4.1 and §5.3: headers that a user agent may have put in and that a call works without. */
const TOLD_BY_USER = [
  'Subject',
  'Call-Info',
  'Organization',
  'User-Agent',
  'Reply-To',
  'In-Reply-To',
] as const;
/** RFC 3323 §5.1, as far as a proxy can: Via, Contact and Record-Route are what the answers come back by. */
const TOLD_BY_HEADERS = ['Call-Info', 'Server', 'Organization'] as const;
const SHOWN: CallerShown = { anonymousFrom: false, hideAsserted: false, remove: [] };

/**
 * What the callee may see of the caller; undefined: `session` privacy is asked for critically and cannot be given. The
 * callee's own OIP, switched off, hides the asserted identities of everybody.
 */
export const shownToCallee = (
  privacy: ReadonlySet<string>,
  { originatingIdentityPresentation }: Pick<Simservs, 'originatingIdentityPresentation'>,
): CallerShown | undefined => {
  const notPresented = originatingIdentityPresentation === false;
  if (privacy.has('none')) return notPresented ? { ...SHOWN, hideAsserted: true } : SHOWN;
  if (privacy.has('session') && privacy.has('critical')) return undefined;
  const user = privacy.has('user');
  const header = privacy.has('header');
  return {
    anonymousFrom: user,
    hideAsserted: notPresented || isPrivate(privacy),
    remove: [...new Set([...(header ? TOLD_BY_HEADERS : []), ...(user ? TOLD_BY_USER : [])])],
  };
};

/** TIR of the callee (TS 24.608 §4.5.2.9): the Privacy that its answers go on with; undefined: as they came. */
export const restrictedCallee = (
  service: IdentityRestriction | undefined,
  privacy: ReadonlySet<string>,
): string | undefined => {
  if (service === undefined || !service.active || !service.restricted) return undefined;
  if (privacy.has('none') || privacy.has('id')) return undefined;
  return [...privacy, 'id'].join(';');
};

/** TIP (TS 24.608 §4.5.2.4): must the caller not see who answered? */
export const hideCallee = (
  privacy: ReadonlySet<string>,
  { terminatingIdentityPresentation }: Pick<Simservs, 'terminatingIdentityPresentation'>,
): boolean => terminatingIdentityPresentation === false || (!privacy.has('none') && isPrivate(privacy));
