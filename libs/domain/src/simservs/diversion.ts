// Where a call goes instead: communication diversion (TS 24.604 §4.5.2.6). Pure: the call and what became of it in, the
// rule that diverts out. History-Info and Diversion are written by diversion-trail.ts. Reader: Sprout's MMTEL server.
import { firstHolding, ruleHolds, type RuleSubject } from './service-rules.js';
import {
  CALL_OUTCOMES,
  type CallOutcome,
  type CommunicationDiversion,
  type ForwardTo,
  type ServiceRule,
} from './simservs.js';

export type DiversionChoice = Readonly<{ rule: string; forwardTo: ForwardTo; cause: DiversionCause }>;

/** cause of RFC 4458 and TS 24.604 §4.5.2.6.2.2, reason of RFC 5806. */
export type DiversionCause = Readonly<{ cause: number; reason: string }>;

export const UNCONDITIONAL: DiversionCause = { cause: 302, reason: 'unconditional' };
/** The callee's device redirected the call itself: communication deflection. */
export const DEFLECTION: DiversionCause = { cause: 480, reason: 'deflection' };
export const DEFLECTION_WHILE_RINGING: DiversionCause = { cause: 487, reason: 'deflection' };

const CAUSES: Readonly<Record<CallOutcome, DiversionCause>> = {
  busy: { cause: 486, reason: 'user-busy' },
  'no-answer': { cause: 408, reason: 'no-answer' },
  'not-registered': { cause: 404, reason: 'unavailable' },
  'not-reachable': { cause: 503, reason: 'unavailable' },
};

export const causeOf = (outcome: CallOutcome | undefined): DiversionCause =>
  outcome === undefined ? UNCONDITIONAL : CAUSES[outcome];

const OUTCOMES: ReadonlySet<string> = new Set(CALL_OUTCOMES);
const asksForOutcome = ({ conditions }: ServiceRule<unknown>): boolean =>
  conditions.some(({ kind }) => OUTCOMES.has(kind));

/** The first rule that holds. Once the call was offered, only rules that ask what became of it count. */
export const chooseDiversion = (
  service: CommunicationDiversion | undefined,
  subject: RuleSubject,
): DiversionChoice | undefined => {
  if (service === undefined || !service.active) return undefined;
  const { outcome } = subject;
  const rule =
    outcome === undefined
      ? firstHolding(service.rules, subject)
      : service.rules.find((one) => asksForOutcome(one) && ruleHolds(one, service.rules, subject));
  return rule && { rule: rule.id, forwardTo: rule.action, cause: causeOf(outcome) };
};

/** Does any rule ask what becomes of the call? Then answers are looked at. */
export const watchesOutcome = (service: CommunicationDiversion | undefined): boolean =>
  service !== undefined && service.active && service.rules.some(asksForOutcome);

/** TS 24.604 §4.5.2.6.3–6: what a final answer says about the callee; undefined: nothing to divert for. */
export const outcomeOf = (status: number, rang: boolean): CallOutcome | undefined => {
  switch (status) {
    case 486:
      return 'busy';
    case 404:
    case 480:
      return 'not-registered';
    case 408:
      return rang ? 'no-answer' : 'not-reachable';
    case 500:
    case 503:
      return rang ? undefined : 'not-reachable';
    default:
      return undefined;
  }
};
