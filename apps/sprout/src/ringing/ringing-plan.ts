// Which of the callee's devices ring, and in what groups: by their q, and by what the caller prefers (RFC 3261 §16.6, RFC 3841).
// A callee with one device and a caller without wishes cost two looks at the request.
import {
  type AcceptPredicate,
  type CallerPreferences,
  type Disposition,
  dispositionOf,
  type FeatureSet,
  featureSetOf,
  impliedPreferences,
  inOrderOfPreference,
  ringingGroups,
  USUAL_DISPOSITION,
} from '#libs/domain';
import { H, headerParam, headerParams, type SipMessage, values, withoutParams } from '#libs/sip';
import type { Target } from './targets.js';

export type RingingPlan = Readonly<{
  /** Those of a group ring together, one group after the other; none: the caller wants no device that there is. */
  groups: readonly (readonly Target[])[];
  /** Who still rings when one has answered is cancelled. */
  cancels: boolean;
}>;

/** Values of Accept-Contact, and of Reject-Contact, that are looked at; the rest is as if it were not there. */
export const PREFERENCES_MAX = 20;

const acceptPredicate = (value: string): AcceptPredicate => ({
  features: featuresIn(value),
  isRequired: headerParam(value, 'require') !== undefined,
  isExplicit: headerParam(value, 'explicit') !== undefined,
});

const featuresIn = (value: string): FeatureSet => featureSetOf(headerParams(value));

const statedPreferences = (request: SipMessage): CallerPreferences => ({
  accept: values(request, H.AcceptContact).slice(0, PREFERENCES_MAX).map(acceptPredicate),
  reject: values(request, H.RejectContact).slice(0, PREFERENCES_MAX).map(featuresIn),
  isImplicit: false,
});

const impliedBy = (request: SipMessage): CallerPreferences => {
  const event = request.method === 'SUBSCRIBE' ? request.header(H.Event) : undefined;
  return impliedPreferences(request.method, event === undefined ? undefined : withoutParams(event).trim());
};

/** What a request implies takes away only who says what it knows: few devices do. */
const SAYS_WHAT_IT_KNOWS = /;\s*(?:methods|events)\s*=/i;

const saysWhatItKnows = ({ binding: { params } }: Target): boolean => SAYS_WHAT_IT_KNOWS.test(params);

/** Nothing but q decides: in what order those of one q ring makes no difference, as they ring together. */
const isByQAlone = (targets: readonly Target[], { forking }: Disposition): boolean =>
  (forking === 'by-q' || forking === 'parallel') && !targets.some(saysWhatItKnows);

const isOneGroup = (targets: readonly Target[]): boolean =>
  targets[0]!.binding.q === targets.at(-1)!.binding.q && !targets.some(saysWhatItKnows);

const inOrder = (targets: readonly Target[], preferences: CallerPreferences): readonly Target[] =>
  inOrderOfPreference(
    targets.map((target) => ({
      target,
      q: target.binding.q,
      features: featuresIn(target.binding.params),
    })),
    preferences,
  ).map(({ target }) => target);

/** `targets`: at least one, highest q first. */
export const ringingPlan = (request: SipMessage, targets: readonly Target[]): RingingPlan => {
  const isStated = request.has(H.AcceptContact) || request.has(H.RejectContact);
  if (targets.length === 1 && !isStated) return { groups: [targets], cancels: true };
  const isDirected = request.has(H.RequestDisposition);
  if (!isStated && !isDirected && isOneGroup(targets)) return { groups: [targets], cancels: true };
  const disposition = isDirected ? dispositionOf(values(request, H.RequestDisposition)) : USUAL_DISPOSITION;
  const { forking, cancels } = disposition;
  let wanted = targets;
  if (isStated) wanted = inOrder(targets, statedPreferences(request));
  else if (!isByQAlone(targets, disposition)) wanted = inOrder(targets, impliedBy(request));
  const byQ = wanted.map((target) => ({ target, q: target.binding.q }));
  const groups = ringingGroups(byQ, forking).map((group) => group.map(({ target }) => target));
  return { groups, cancels };
};
