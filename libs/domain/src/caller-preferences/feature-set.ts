// What a device can do, and what a caller wants of it, as conjunctions of feature tags (RFC 3840 §9, RFC 3841 §8): the part of RFC 2533
// that the two need. Pure. Made by sprout of header parameters; read by caller-preferences.ts.

/** One value that a tag may have; tokens in lower case, as they are compared, a number is a range of one. */
export type FeatureFilter = Readonly<{ isNegated: boolean }> &
  (
    | Readonly<{ kind: 'token' | 'string'; text: string }>
    | Readonly<{ kind: 'range'; least: number; most: number }>
  );

/** A tag, and the values of which it has one. */
export type FeatureTerm = Readonly<{ tag: string; filters: readonly FeatureFilter[] }>;

/** All of it holds; a tag stands in it once. */
export type FeatureSet = readonly FeatureTerm[];

/** Values of one tag that are looked at; the rest is as if it were not there. */
export const FILTERS_MAX = 50;

/** Tags that are written without a plus (RFC 3841 §7.2.1), and which of them have no `sip.` before their name. */
const BASE_TAGS: ReadonlySet<string> = new Set([
  'audio', 'automata', 'class', 'duplex', 'data', 'control', 'mobility', 'description', 'events', 'priority', 'methods',
  'extensions', 'schemes', 'application', 'video', 'language', 'type', 'isfocus', 'actor', 'text',
]); // prettier-ignore
const OUTSIDE_SIP: ReadonlySet<string> = new Set(['language', 'type']);

/** The feature tag that a parameter stands for; undefined: it is no feature parameter (RFC 3841 §8). `name`: lower case. */
const tagOf = (name: string): string | undefined => {
  if (name.startsWith('+')) return name.slice(1).replaceAll('!', ':').replaceAll("'", '/');
  if (!BASE_TAGS.has(name)) return undefined;
  return OUTSIDE_SIP.has(name) ? name : `sip.${name}`;
};

const NUMBER = '[+-]?\\d{1,15}(?:\\.\\d{0,15})?';
const RANGE = new RegExp(`^(=|>=|<=)?(${NUMBER})(?::(${NUMBER}))?$`);

/** `=4`, `>=4`, `<=4`, `-4:+5.125`: what stands after the #. */
const rangeOf = (
  text: string,
): Pick<Extract<FeatureFilter, { kind: 'range' }>, 'least' | 'most'> | undefined => {
  const [, relation, from, to] = RANGE.exec(text) ?? [];
  if (from === undefined) return undefined;
  const value = Number(from);
  if (relation === '>=') return { least: value, most: Infinity };
  if (relation === '<=') return { least: -Infinity, most: value };
  return { least: value, most: to === undefined ? value : Number(to) };
};

const filterOf = (said: string): FeatureFilter => {
  const isNegated = said.startsWith('!');
  const text = isNegated ? said.slice(1).trim() : said;
  const range = text.startsWith('#') ? rangeOf(text.slice(1).trim()) : undefined;
  return range === undefined
    ? { kind: 'token', text: text.toLowerCase(), isNegated }
    : { kind: 'range', ...range, isNegated };
};

/** `value`: without its quotes; '' is TRUE (RFC 3841 §8). */
const filtersOf = (value: string): readonly FeatureFilter[] => {
  const text = value.trim();
  if (text === '') return [{ kind: 'token', text: 'true', isNegated: false }];
  if (text.startsWith('<') && text.endsWith('>'))
    return [{ kind: 'string', text: text.slice(1, -1), isNegated: false }];
  return text
    .split(',', FILTERS_MAX)
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map(filterOf);
};

/** The feature parameters among the parameters of a Contact, an Accept-Contact or a Reject-Contact; names in lower case. */
export const featureSetOf = (params: readonly (readonly [name: string, value: string])[]): FeatureSet => {
  const terms: FeatureTerm[] = [];
  for (const [name, value] of params) {
    const tag = tagOf(name);
    // A base tag that is said with a plus as well is not taken twice (RFC 3841 §7.2.3 step 3).
    const isKnown = terms.some((term) => term.tag === tag || term.tag === `sip.${tag}`);
    if (tag !== undefined && !isKnown) terms.push({ tag, filters: filtersOf(value) });
  }
  return terms;
};

const isWithin = (
  inner: FeatureFilter & { kind: 'range' },
  outer: FeatureFilter & { kind: 'range' },
): boolean => inner.least >= outer.least && inner.most <= outer.most;

/** Is there a value that both take? */
const meet = (a: FeatureFilter, b: FeatureFilter): boolean => {
  // There is always one more value than those that two exclude.
  if (a.isNegated && b.isNegated) return true;
  if (a.kind === 'range' && b.kind === 'range') {
    if (a.isNegated) return !isWithin(b, a);
    if (b.isNegated) return !isWithin(a, b);
    return a.least <= b.most && b.least <= a.most;
  }
  const isSame = a.kind === b.kind && a.kind !== 'range' && b.kind !== 'range' && a.text === b.text;
  return isSame !== (a.isNegated || b.isNegated);
};

export const termOf = (set: FeatureSet, tag: string): FeatureTerm | undefined =>
  set.find((term) => term.tag === tag);

/** RFC 2533 §4: can both hold at once? What one of them says nothing of stands in nobody's way. */
export const featuresMatch = (a: FeatureSet, b: FeatureSet): boolean =>
  a.every(({ tag, filters }) => {
    const other = termOf(b, tag);
    return other === undefined || filters.some((one) => other.filters.some((theirs) => meet(one, theirs)));
  });
