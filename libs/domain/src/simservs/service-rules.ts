// Do the conditions of a rule hold for a call? RFC 4745 §7 and §10, TS 24.604 §4.9.1.3, TS 24.611 §4.9.1.3.
// A condition that is not understood never holds. Used by barring.ts and diversion.ts.
import { assertNever } from '#libs/decider';
import { partyDomain, partyKey } from './party-key.js';
import type { CallOutcome, ManyIdentities, RuleCondition, ServiceRule } from './simservs.js';

/** A call as rules ask about it; each question is asked only by a rule that has such a condition. */
export interface RuleSubject {
  readonly nowMs: number;
  /** What became of it so far; undefined on arrival. */
  readonly outcome: CallOutcome | undefined;
  /** URIs of the other party: the caller's asserted identities, or who is called. */
  parties(): readonly string[];
  anonymous(): boolean;
  /** Types of the media offered: audio, video, … */
  media(): readonly string[];
  diverted(): boolean;
  /** Does it lead to another country than the user's own? False where that cannot be told. */
  international(): boolean;
  roaming(): boolean;
}

/** The first rule that holds, in the order of the document. */
export const firstHolding = <A>(
  rules: readonly ServiceRule<A>[],
  subject: RuleSubject,
): ServiceRule<A> | undefined => rules.find((rule) => ruleHolds(rule, rules, subject));

/** All conditions together; a rule without any always holds. `rules`: its ruleset, which other-identity looks at. */
export const ruleHolds = (
  rule: ServiceRule<unknown>,
  rules: readonly ServiceRule<unknown>[],
  subject: RuleSubject,
): boolean => rule.conditions.every((condition) => holds(condition, rules, subject));

const holds = (
  condition: RuleCondition,
  rules: readonly ServiceRule<unknown>[],
  subject: RuleSubject,
): boolean => {
  switch (condition.kind) {
    case 'busy':
    case 'no-answer':
    case 'not-registered':
    case 'not-reachable':
      return subject.outcome === condition.kind;
    case 'anonymous':
      return subject.anonymous();
    case 'media':
      return subject.media().includes(condition.media);
    case 'identity':
      return subject.parties().some((party) => isNamed(condition, party));
    case 'other-identity':
      return !subject.parties().some((party) => isNamedAnywhere(rules, party));
    case 'validity':
      return condition.spans.some(
        ({ fromMs, untilMs }) => fromMs <= subject.nowMs && subject.nowMs < untilMs,
      );
    case 'communication-diverted':
      return subject.diverted();
    // The two differ for a user who roams, and where that is is not known here: both mean another country than home.
    case 'international':
    case 'international-exhc':
      return subject.international();
    case 'roaming':
      return subject.roaming();
    case 'rule-deactivated':
    case 'unknown':
      return false;
    default:
      return assertNever(condition);
  }
};

type IdentityCondition = Extract<RuleCondition, { kind: 'identity' }>;

const isNamed = ({ ones, many }: IdentityCondition, party: string): boolean => {
  const key = partyKey(party);
  return ones.some((one) => partyKey(one) === key) || many.some((group) => isAmong(group, party, key));
};

const isAmong = (
  { domain, exceptIdentities, exceptDomains }: ManyIdentities,
  party: string,
  key: string,
): boolean => {
  const of = partyDomain(party);
  if (domain !== undefined && domain.toLowerCase() !== of) return false;
  return (
    !exceptIdentities.some((one) => partyKey(one) === key) &&
    !exceptDomains.some((except) => except.toLowerCase() === of)
  );
};

const isNamedAnywhere = (rules: readonly ServiceRule<unknown>[], party: string): boolean =>
  rules.some(({ conditions }) =>
    conditions.some((condition) => condition.kind === 'identity' && isNamed(condition, party)),
  );
