import fc from 'fast-check';
import {
  compileCriteria,
  compileProfile,
  CRITERIA_MAX,
  mayConcern,
  TRIGGERS_MAX,
} from './compile-criteria.js';
import { criterionOf, method, spt, subjectOf } from './criteria.fixture.js';
import type { FilterCriterion, SessionCase, TriggerCondition, TriggerPoint } from './service-profile.js';

const serversOf = (criteria: readonly FilterCriterion[]): string[] =>
  compileCriteria(criteria).criteria.map(({ source }) => source.applicationServer.serverName);

const matches = (criterion: FilterCriterion, subject = subjectOf()): boolean | undefined =>
  compileCriteria([criterion]).criteria[0]?.evaluate(subject).matched;

describe('TS 29.228 Annex B.2.2: initial filter criteria', () => {
  it('lower priority numbers go first, equals in the order of the profile', () => {
    const criteria = [
      criterionOf({ priority: 10, server: 'c' }),
      criterionOf({ priority: 0, server: 'a' }),
      criterionOf({ priority: 10, server: 'd' }),
      criterionOf({ priority: 2, server: 'b' }),
    ];
    expect(serversOf(criteria)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('without TriggerPoint every request matches', () => {
    expect(matches(criterionOf())).toBe(true);
  });

  it('ProfilePartIndicator 0 is for registered users, 1 for unregistered ones, absent for both', () => {
    const registered: readonly SessionCase[] = ['orig-reg', 'term-reg', 'orig-cdiv'];
    const unregistered: readonly SessionCase[] = ['orig-unreg', 'term-unreg'];
    for (const sessionCase of [...registered, ...unregistered]) {
      const subject = subjectOf({ sessionCase });
      const isRegistered = registered.includes(sessionCase);
      expect(matches(criterionOf({ profilePart: 'registered' }), subject)).toBe(isRegistered);
      expect(matches(criterionOf({ profilePart: 'unregistered' }), subject)).toBe(!isRegistered);
      expect(matches(criterionOf(), subject)).toBe(true);
    }
  });

  it('ProfilePartIndicator after a diversion asks for the registration state of the diverting user', () => {
    const subject = subjectOf({ sessionCase: 'orig-cdiv', registered: false });
    expect(matches(criterionOf({ profilePart: 'unregistered' }), subject)).toBe(true);
    expect(matches(criterionOf({ profilePart: 'registered' }), subject)).toBe(false);
  });

  it('ProfilePartIndicator stands beside the TriggerPoint: both must hold', () => {
    const trigger: TriggerPoint = { form: 'cnf', triggers: [spt(method('INVITE'))] };
    expect(matches(criterionOf({ profilePart: 'registered', trigger }))).toBe(true);
    expect(matches(criterionOf({ profilePart: 'unregistered', trigger }))).toBe(false);
    expect(matches(criterionOf({ profilePart: 'registered', trigger }), subjectOf({ method: 'BYE' }))).toBe(
      false,
    );
  });

  it('a criterion beyond the bounds is left out and reported', () => {
    const many = Array.from({ length: CRITERIA_MAX + 2 }, (_none, priority) => criterionOf({ priority }));
    const compiled = compileCriteria(many);
    expect(compiled.criteria).toHaveLength(CRITERIA_MAX);
    expect(compiled.problems).toHaveLength(1);

    const triggers = Array.from({ length: TRIGGERS_MAX + 1 }, () => spt(method('INVITE')));
    const wide = compileCriteria([criterionOf({ trigger: { form: 'cnf', triggers } })]);
    expect(wide.criteria).toHaveLength(0);
    expect(wide.problems).toHaveLength(1);
  });

  it('a pattern that does not compile is reported with its criterion', () => {
    const trigger: TriggerPoint = { form: 'cnf', triggers: [spt({ kind: 'request-uri', pattern: '(' })] };
    const { criteria, problems } = compileCriteria([criterionOf({ trigger, server: 'sip:x' })]);
    expect(problems).toEqual([
      {
        where: 'criterion of priority 0 for sip:x, trigger 0',
        reason: expect.stringContaining('(') as string,
      },
    ]);
    expect(criteria[0]?.evaluate(subjectOf()).matched).toBe(false);
  });
});

describe('TS 29.228 Annex C: conjunctive and disjunctive normal form', () => {
  const [yes, no] = [method('INVITE'), method('NOTIFY')];

  it('ConditionTypeCNF 1: groups are ANDed, triggers inside a group ORed', () => {
    const cnf = (...triggers: TriggerPoint['triggers']) =>
      criterionOf({ trigger: { form: 'cnf', triggers } });
    expect(matches(cnf(spt(yes, [0]), spt(no, [0])))).toBe(true);
    expect(matches(cnf(spt(yes, [0]), spt(no, [1])))).toBe(false);
    expect(matches(cnf(spt(yes, [0]), spt(no, [0]), spt(no, [1]), spt(yes, [1])))).toBe(true);
  });

  it('ConditionTypeCNF 0: groups are ORed, triggers inside a group ANDed', () => {
    const dnf = (...triggers: TriggerPoint['triggers']) =>
      criterionOf({ trigger: { form: 'dnf', triggers } });
    expect(matches(dnf(spt(yes, [0]), spt(no, [0])))).toBe(false);
    expect(matches(dnf(spt(yes, [0]), spt(no, [1])))).toBe(true);
    expect(matches(dnf(spt(yes, [0]), spt(no, [0]), spt(no, [1]), spt(yes, [1])))).toBe(false);
  });

  it('a trigger may stand in several groups', () => {
    const triggers = [spt(yes, [0, 1]), spt(no, [0]), spt(yes, [1])];
    expect(matches(criterionOf({ trigger: { form: 'dnf', triggers } }))).toBe(true);
    const both = [spt(no, [0, 1]), spt(yes, [0])];
    expect(matches(criterionOf({ trigger: { form: 'cnf', triggers: both } }))).toBe(false);
  });

  it('an AND of no groups holds, an OR of none does not', () => {
    expect(matches(criterionOf({ trigger: { form: 'cnf', triggers: [] } }))).toBe(true);
    expect(matches(criterionOf({ trigger: { form: 'dnf', triggers: [] } }))).toBe(false);
  });

  it('agrees with the definition for any trigger point', () => {
    const conditions: readonly TriggerCondition[] = [
      yes,
      no,
      { kind: 'session-case', sessionCase: 'orig-reg' },
      { kind: 'request-uri', pattern: 'ims' },
      { kind: 'sip-header', header: 'Subject' },
      { kind: 'session-description', line: 'm' },
      { kind: 'unknown', name: 'X' },
    ];
    const truth: readonly boolean[] = [true, false, true, true, false, false, false];
    const trigger = fc.record({
      condition: fc.nat({ max: conditions.length - 1 }),
      groups: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 }),
      negated: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(trigger, { maxLength: 8 }), fc.constantFrom('cnf', 'dnf'), (drawn, form) => {
        const triggers = drawn.map(({ condition, groups, negated }) =>
          spt(conditions[condition] ?? yes, groups, negated),
        );
        const ids = [...new Set(drawn.flatMap(({ groups }) => groups))];
        const values = ids.map((id) =>
          drawn
            .filter(({ groups }) => groups.includes(id))
            .map(({ condition, negated }) => truth[condition] !== negated),
        );
        const expected =
          form === 'cnf'
            ? values.every((group) => group.some(Boolean))
            : values.some((group) => group.every(Boolean));
        expect(matches(criterionOf({ trigger: { form, triggers } }))).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('shared sets of filter criteria (TS 29.228 §6.1.2, SharedIFCSetID)', () => {
  const profile = {
    publicIdentities: [],
    criteria: [criterionOf({ priority: 1, server: 'own' })],
    sharedSetIds: [7, 9, 7],
    problems: [{ where: 'profile, criterion 3', reason: 'no ServerName' }],
  };

  it('their criteria join those of the profile by priority, before equals', () => {
    const sets = new Map([
      [7, [criterionOf({ priority: 1, server: 'shared' }), criterionOf({ priority: 2, server: 'last' })]],
      [9, []],
    ]);
    const { criteria, problems } = compileProfile(profile, sets);
    expect(criteria.map(({ source }) => source.applicationServer.serverName)).toEqual([
      'shared',
      'own',
      'last',
    ]);
    expect(problems).toEqual(profile.problems);
  });

  it('a set that is not there is reported, the rest stands', () => {
    const { criteria, problems } = compileProfile({ ...profile, sharedSetIds: [8] });
    expect(criteria).toHaveLength(1);
    expect(problems.map(({ where }) => where)).toEqual(['profile, criterion 3', 'shared set 8']);
  });
});

describe('whether a criterion may concern a method at all', () => {
  const METHODS = ['REGISTER', 'INVITE', 'MESSAGE'];
  const condition: fc.Arbitrary<TriggerCondition> = fc.oneof(
    fc.record({
      kind: fc.constant('method' as const),
      method: fc.constantFrom(...METHODS),
      registrationTypes: fc.constantFrom([], ['initial'] as const, ['initial', 'de-registration'] as const),
    }),
    fc.record({ kind: fc.constant('session-case' as const), sessionCase: fc.constant('orig-reg' as const) }),
  );
  const trigger = fc.record({
    form: fc.constantFrom('cnf' as const, 'dnf' as const),
    triggers: fc.array(
      fc.record({
        condition,
        negated: fc.boolean(),
        groups: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 2 }),
      }),
      { maxLength: 4 },
    ),
  });

  it('is never denied where it matches', () =>
    fc.assert(
      fc.property(
        trigger,
        fc.constantFrom(...METHODS),
        fc.constantFrom('initial' as const, 'de-registration' as const),
        (made, name, registrationType) => {
          const criterion = criterionOf({ trigger: made });
          const subject = subjectOf({ method: name, sessionCase: 'orig-reg', registrationType });
          if (matches(criterion, subject)) expect(mayConcern(criterion, name)).toBe(true);
        },
      ),
    ));

  it('is denied where its methods rule that out', () => {
    const only = (name: string, negated = false): FilterCriterion =>
      criterionOf({
        trigger: {
          form: 'cnf',
          triggers: [
            { condition: { kind: 'method', method: name, registrationTypes: [] }, negated, groups: [0] },
          ],
        },
      });
    expect(['INVITE', 'REGISTER'].map((name) => mayConcern(only(name), 'REGISTER'))).toEqual([false, true]);
    expect(['INVITE', 'REGISTER'].map((name) => mayConcern(only(name, true), 'REGISTER'))).toEqual([
      true,
      false,
    ]);
    expect(mayConcern(criterionOf(), 'REGISTER')).toBe(true);
  });
});
