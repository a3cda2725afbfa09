// Filter criteria compiled for the INVITE path (TS 29.228 §B.2.2 and Annex C; TS 23.218 §5.2).
// Compile once a profile, evaluate once a request: every possible decision is an object made beforehand.
import { isRegistered, type CriteriaSubject } from './criteria-subject.js';
import type {
  CriteriaProblem,
  FilterCriterion,
  ServiceProfile,
  SharedCriteriaSets,
  TriggerPoint,
} from './service-profile.js';
import { compileTrigger, type CompiledTrigger } from './service-point-trigger.js';

/** The verdict on one criterion, and what decided it. describeDecision tells it in words. */
export type Decision = Readonly<{
  criterion: CompiledCriterion;
  matched: boolean;
  because: 'no-trigger' | 'registration-state' | 'trigger';
  /** With `trigger`: number of the group and index of the service point trigger that settled it; absent when there are none. */
  group?: number;
  trigger?: number;
}>;

export type CompiledCriterion = Readonly<{
  source: FilterCriterion;
  evaluate(subject: CriteriaSubject): Decision;
}>;

export type CompiledCriteria = Readonly<{
  /** In the order of evaluation. */
  criteria: readonly CompiledCriterion[];
  problems: readonly CriteriaProblem[];
}>;

/** Criteria of one profile, its shared sets included; those of lower precedence beyond it are left out and reported. */
export const CRITERIA_MAX = 256;
/** Service point triggers of one criterion; a criterion with more is left out and reported. */
export const TRIGGERS_MAX = 256;

/** The criteria of a profile with its shared sets, ready to run. Keep the result as long as the profile. */
export const compileProfile = (
  profile: ServiceProfile,
  sharedSets: SharedCriteriaSets = new Map(),
): CompiledCriteria => {
  const problems: CriteriaProblem[] = [...profile.problems];
  const shared: FilterCriterion[] = [];
  for (const id of new Set(profile.sharedSetIds)) {
    const set = sharedSets.get(id);
    if (set) shared.push(...set);
    else problems.push({ where: `shared set ${id}`, reason: 'not in the shared sets file' });
  }
  // Of equal priority, shared criteria go first.
  return compileCriteria([...shared, ...profile.criteria], problems);
};

/** Criteria in ascending priority, equals in the order given. */
export const compileCriteria = (
  criteria: readonly FilterCriterion[],
  problems: readonly CriteriaProblem[] = [],
): CompiledCriteria => {
  const found: CriteriaProblem[] = [...problems];
  const compiled: CompiledCriterion[] = [];
  const ordered = criteria.toSorted((a, b) => a.priority - b.priority);
  ordered.forEach((source, index) => {
    if (index >= CRITERIA_MAX) {
      if (index === CRITERIA_MAX)
        found.push({ where: 'profile', reason: `more than ${CRITERIA_MAX} criteria` });
      return;
    }
    if ((source.trigger?.triggers.length ?? 0) > TRIGGERS_MAX) {
      found.push({ where: nameOf(source), reason: `more than ${TRIGGERS_MAX} triggers` });
      return;
    }
    compiled.push(compileCriterion(source, found));
  });
  return { criteria: compiled, problems: found };
};

const nameOf = ({ priority, applicationServer }: FilterCriterion): string =>
  `criterion of priority ${priority} for ${applicationServer.serverName}`;

const compileCriterion = (source: FilterCriterion, problems: CriteriaProblem[]): CompiledCriterion => {
  const criterion: { source: FilterCriterion; evaluate: CompiledCriterion['evaluate'] } = {
    source,
    evaluate: () => unconditional,
  };
  const unconditional: Decision = { criterion, matched: true, because: 'no-trigger' };
  const wrongState: Decision = { criterion, matched: false, because: 'registration-state' };

  const { profilePart, trigger } = source;
  const decide = trigger
    ? compileTriggerPoint(criterion, trigger, problems, nameOf(source))
    : () => unconditional;
  if (profilePart === undefined) criterion.evaluate = decide;
  else {
    const wanted = profilePart === 'registered';
    criterion.evaluate = (subject) => (isRegistered(subject) === wanted ? decide(subject) : wrongState);
  }
  return criterion;
};

type Member = Readonly<{ holds: CompiledTrigger['holds']; held: Decision; failed: Decision }>;

/** Both forms are one loop: CNF asks each group for a trigger that holds, DNF asks for a group without one that fails. */
const compileTriggerPoint = (
  criterion: CompiledCriterion,
  { form, triggers }: TriggerPoint,
  problems: CriteriaProblem[],
  where: string,
): CompiledCriterion['evaluate'] => {
  const cnf = form === 'cnf';
  const compiled = triggers.map(compileTrigger);
  compiled.forEach(({ problem }, index) => {
    if (problem !== undefined) problems.push({ where: `${where}, trigger ${index}`, reason: problem });
  });

  const groups = groupsOf(triggers, compiled).map(({ group, members }) =>
    members.map((trigger): Member => {
      const common = { criterion, because: 'trigger', group, trigger } as const;
      const holds = compiled[trigger]?.holds ?? (() => false);
      return { holds, held: { ...common, matched: true }, failed: { ...common, matched: false } };
    }),
  );
  // Without any group: an AND of nothing holds, an OR of nothing does not.
  const empty: Decision = { criterion, matched: cnf, because: 'trigger' };

  return (subject) => {
    let last = empty;
    for (let g = 0; g < groups.length; g++) {
      const members = groups[g] ?? [];
      const settled = settle(members, subject, cnf);
      if (settled) {
        // The trigger that settled its group: in CNF the group holds, in DNF it is lost.
        last = cnf ? settled.held : settled.failed;
        continue;
      }
      const decisive = members[members.length - 1];
      if (decisive) return cnf ? decisive.failed : decisive.held;
    }
    return last;
  };
};

/** The first trigger that holds (CNF) or fails (DNF); undefined when none does. */
const settle = (
  members: readonly Member[],
  subject: CriteriaSubject,
  wanted: boolean,
): Member | undefined => {
  for (let at = 0; at < members.length; at++) {
    const member = members[at];
    if (member && member.holds(subject) === wanted) return member;
  }
  return undefined;
};

/** Groups with the indexes of their triggers, cheapest first in both: the order does not change the outcome. */
const groupsOf = (triggers: TriggerPoint['triggers'], compiled: readonly CompiledTrigger[]) => {
  const cost = (trigger: number): number => compiled[trigger]?.cost ?? 0;
  const byGroup = new Map<number, number[]>();
  triggers.forEach(({ groups }, index) => {
    for (const group of new Set(groups)) {
      const members = byGroup.get(group);
      if (members) members.push(index);
      else byGroup.set(group, [index]);
    }
  });
  return [...byGroup]
    .map(([group, members]) => ({ group, members: members.toSorted((a, b) => cost(a) - cost(b)) }))
    .map((entry) => ({ ...entry, cost: entry.members.reduce((sum, member) => sum + cost(member), 0) }))
    .toSorted((a, b) => a.cost - b.cost);
};

/**
 * False where a criterion cannot match any request of this method, whatever else it has: its Method triggers alone rule that out.
 * Asked once a profile, so that requests need not be.
 */
export const mayConcern = ({ trigger }: FilterCriterion, method: string): boolean => {
  if (trigger === undefined) return true;
  const groups = new Map<number, boolean[]>();
  for (const { condition, negated, groups: numbers } of trigger.triggers) {
    const is = condition.kind === 'method' && condition.method === method;
    const may =
      condition.kind !== 'method' || is !== negated || (is && condition.registrationTypes.length > 0);
    for (const number of numbers) groups.set(number, [...(groups.get(number) ?? []), may]);
  }
  return trigger.form === 'cnf'
    ? [...groups.values()].every((group) => group.includes(true))
    : [...groups.values()].some((group) => !group.includes(false));
};
