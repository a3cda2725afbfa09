// Which devices a caller wants, and in what order (RFC 3841 §7.2). Pure. Reader: sprout, for who has several devices.
import { type FeatureSet, featuresMatch, termOf } from './feature-set.js';

/** One value of Accept-Contact. */
export type AcceptPredicate = Readonly<{
  features: FeatureSet;
  /** A device that does not match is not rung. */
  isRequired: boolean;
  /** A device that does not say so of itself counts as if it did not match. */
  isExplicit: boolean;
}>;

export type CallerPreferences = Readonly<{
  accept: readonly AcceptPredicate[];
  reject: readonly FeatureSet[];
  /** Of the request itself, as it says nothing else: it does not leave the callee without a device. */
  isImplicit: boolean;
}>;

/** A device: what its contact says of it, and how much its user likes it. */
export type PreferredContact = Readonly<{ features: FeatureSet; q: number }>;

const token = (text: string) => ({ kind: 'token', text: text.toLowerCase(), isNegated: false }) as const;

/** What a request without preferences wants (RFC 3841 §7.2.2). `event`: of one that asks for a subscription. */
export const impliedPreferences = (method: string, event?: string): CallerPreferences => {
  const features = [
    { tag: 'sip.methods', filters: [token(method)] },
    ...(event === undefined ? [] : [{ tag: 'sip.events', filters: [token(event)] }]),
  ];
  return { accept: [{ features, isRequired: true, isExplicit: false }], reject: [], isImplicit: true };
};

/** The part of what is wanted that the device speaks of: 1 is all. */
const scoreOf = (contact: FeatureSet, wanted: FeatureSet): number =>
  wanted.length === 0
    ? 1
    : wanted.filter(({ tag }) => termOf(contact, tag) !== undefined).length / wanted.length;

/** Does the device say of itself all that is rejected? A value that names no feature rejects nothing. */
const isRejected = (contact: FeatureSet, rejected: FeatureSet): boolean =>
  rejected.length > 0 &&
  rejected.every(({ tag }) => termOf(contact, tag) !== undefined) &&
  featuresMatch(contact, rejected);

/** Qa of RFC 3841 §7.2.4, 0 to 1; undefined: the caller does not want the device. One that says nothing of itself is always wanted. */
export const preferenceFor = (
  contact: FeatureSet,
  { accept, reject }: CallerPreferences,
): number | undefined => {
  if (contact.length === 0) return 1;
  if (reject.some((rejected) => isRejected(contact, rejected))) return undefined;
  let sum = 0;
  let matching = 0;
  for (const { features, isRequired, isExplicit } of accept) {
    const matches = featuresMatch(contact, features);
    const score = matches ? scoreOf(contact, features) : 0;
    const isLacking = !matches || (isExplicit && score < 1);
    if (isLacking && isRequired) return undefined;
    if (!matches) continue;
    matching++;
    sum += isLacking ? 0 : score;
  }
  if (accept.length === 0) return 1;
  return matching === 0 ? 0 : sum / matching;
};

/**
 * The devices that are wanted: by q, those of one q by how well they are what the caller wants, those alike as they came. Preferences that
 * only the request implies take no device away where none would be left (RFC 3841 §7.2.4).
 */
export const inOrderOfPreference = <T extends PreferredContact>(
  contacts: readonly T[],
  preferences: CallerPreferences,
): readonly T[] => {
  const wanted = contacts.flatMap((contact) => {
    const preference = preferenceFor(contact.features, preferences);
    return preference === undefined ? [] : [{ contact, preference }];
  });
  if (wanted.length === 0 && preferences.isImplicit) return contacts.toSorted((a, b) => b.q - a.q);
  return wanted
    .sort((a, b) => b.contact.q - a.contact.q || b.preference - a.preference)
    .map(({ contact }) => contact);
};
