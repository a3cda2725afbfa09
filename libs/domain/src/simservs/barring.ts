// May this call be made, may it come in? Incoming and outgoing communication barring and anonymous communication
// rejection (TS 24.611 §4.5.2). Pure. Reader: Sprout's MMTEL server.
import { type RuleSubject, ruleHolds } from './service-rules.js';
import type { CommunicationBarring } from './simservs.js';

export type BarringVerdict =
  | Readonly<{ barred: false }>
  /** 433 where it is the caller's anonymity that bars (RFC 5079), else 603. */
  | Readonly<{ barred: true; rule: string; status: 433 | 603 }>;

const ALLOWED: BarringVerdict = { barred: false };

/** One rule that holds and allows is enough; without it any rule that holds bars (TS 24.611 §4.5.2.4.1). */
export const judgeBarring = (
  service: CommunicationBarring | undefined,
  subject: RuleSubject,
): BarringVerdict => {
  if (service === undefined || !service.active) return ALLOWED;
  const holding = service.rules.filter((rule) => ruleHolds(rule, service.rules, subject));
  const [first] = holding;
  if (first === undefined || holding.some(({ action }) => action.allow)) return ALLOWED;
  const forAnonymity = holding.every(({ conditions }) => conditions.some(({ kind }) => kind === 'anonymous'));
  return { barred: true, rule: first.id, status: forAnonymity ? 433 : 603 };
};
