// A criterion's decision in words, for events and for people; built only when asked.
// Readers: Sprout (call events), history.
import type { Decision } from './compile-criteria.js';
import type { FilterCriterion, ServicePointTrigger, TriggerCondition } from './service-profile.js';

/** The plain form that a call event keeps. */
export type DecisionSummary = Readonly<{
  priority: number;
  serverName: string;
  matched: boolean;
  reason: string;
}>;

export const summarizeDecision = (decision: Decision): DecisionSummary => {
  const { priority, applicationServer } = decision.criterion.source;
  return {
    priority,
    serverName: applicationServer.serverName,
    matched: decision.matched,
    reason: describeDecision(decision),
  };
};

/** Decisions are made beforehand and come again: so do their words. */
const described = new WeakMap<Decision, string>();

/** `Method INVITE and SessionCase orig-reg`, `not SessionCase term-reg`, `no trigger point`. */
export const describeDecision = (decision: Decision): string => {
  let words = described.get(decision);
  if (words === undefined) {
    words = wordsOf(decision);
    described.set(decision, words);
  }
  return words;
};

const wordsOf = ({ criterion: { source }, matched, because, group, trigger }: Decision): string => {
  switch (because) {
    case 'no-trigger':
      return 'no trigger point';
    case 'registration-state':
      return `only for ${source.profilePart ?? 'any'} users`;
    case 'trigger':
      return describeTrigger(source, matched, group, trigger);
  }
};

const describeTrigger = (
  { trigger: point }: FilterCriterion,
  matched: boolean,
  group: number | undefined,
  trigger: number | undefined,
): string => {
  const decisive = trigger === undefined ? undefined : point?.triggers[trigger];
  if (!point || !decisive || group === undefined) return 'empty trigger point';
  const members = point.triggers.filter(({ groups }) => groups.includes(group));
  const cnf = point.form === 'cnf';
  // A lost OR group needs all its members to tell why; so does an AND group that holds.
  if (matched !== cnf) {
    const words = members.map(describeSpt).join(matched ? ' and ' : ', ');
    return matched || members.length === 1 ? words + (matched ? '' : ' fails') : `none of: ${words}`;
  }
  if (!matched) return `${describeSpt(decisive)} fails`;
  const groups = [...new Set(point.triggers.flatMap((spt) => spt.groups))];
  return groups
    .map((id) => point.triggers.filter((spt) => spt.groups.includes(id)).map(describeSpt))
    .map((words) => (words.length === 1 ? words.join('') : `(${words.join(' or ')})`))
    .join(' and ');
};

const describeSpt = ({ condition, negated }: ServicePointTrigger): string =>
  `${negated ? 'not ' : ''}${describeCondition(condition)}`;

const describeCondition = (condition: TriggerCondition): string => {
  switch (condition.kind) {
    case 'method':
      return `Method ${condition.method}${condition.registrationTypes.length ? ` (${condition.registrationTypes.join(', ')})` : ''}`;
    case 'session-case':
      return `SessionCase ${condition.sessionCase}`;
    case 'request-uri':
      return `RequestURI ${condition.pattern}`;
    case 'sip-header':
      return `SIPHeader ${condition.header}${withContent(condition.content)}`;
    case 'session-description':
      return `SessionDescription ${condition.line}${withContent(condition.content)}`;
    case 'unknown':
      return `${condition.name} (unknown)`;
  }
};

const withContent = (content: string | undefined): string => (content === undefined ? '' : `: ${content}`);
