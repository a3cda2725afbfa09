import { compileCriteria } from './compile-criteria.js';
import { criterionOf, method, spt, subjectOf } from './criteria.fixture.js';
import { describeDecision, summarizeDecision } from './describe-decision.js';
import type { FilterCriterion, TriggerCondition, TriggerPoint } from './service-profile.js';

const decide = (criterion: FilterCriterion, subject = subjectOf()) => {
  const decision = compileCriteria([criterion]).criteria[0]?.evaluate(subject);
  if (!decision) throw new Error('no decision');
  return decision;
};

const orig: TriggerCondition = { kind: 'session-case', sessionCase: 'orig-reg' };
const term: TriggerCondition = { kind: 'session-case', sessionCase: 'term-reg' };
const point = (form: TriggerPoint['form'], ...triggers: TriggerPoint['triggers']) =>
  criterionOf({ trigger: { form, triggers } });

describe('why a criterion matched or not, in words', () => {
  it.each([
    ['no trigger point', criterionOf(), 'no trigger point'],
    ['wrong state', criterionOf({ profilePart: 'unregistered' }), 'only for unregistered users'],
    ['DNF match', point('dnf', spt(method('INVITE')), spt(orig)), 'Method INVITE and SessionCase orig-reg'],
    ['DNF miss', point('dnf', spt(method('INVITE')), spt(term)), 'SessionCase term-reg fails'],
    ['CNF match', point('cnf', spt(method('INVITE')), spt(term, [1]), spt(orig, [1])),
      'Method INVITE and (SessionCase term-reg or SessionCase orig-reg)'],
    ['CNF miss', point('cnf', spt(method('INVITE')), spt(term, [1])), 'SessionCase term-reg fails'],
    ['CNF miss of alternatives', point('cnf', spt(method('BYE')), spt(term)),
      'none of: Method BYE, SessionCase term-reg'],
    ['negation', point('cnf', spt(method('INVITE'), [0], true)), 'not Method INVITE fails'],
    ['empty trigger point', point('cnf'), 'empty trigger point'],
    ['header', point('cnf', spt({ kind: 'sip-header', header: 'Subject', content: 'x' })),
      'SIPHeader Subject: x fails'],
    ['registration types', point('cnf', spt({ kind: 'method', method: 'REGISTER', registrationTypes: ['initial'] })),
      'Method REGISTER (initial) fails'],
    ['request URI', point('cnf', spt({ kind: 'request-uri', pattern: 'ims' })), 'RequestURI ims'],
    ['session description', point('cnf', spt({ kind: 'session-description', line: 'm' })), 'SessionDescription m fails'],
    ['unknown kind', point('cnf', spt({ kind: 'unknown', name: 'Weather' })), 'Weather (unknown) fails'],
  ])('%s', (_name, criterion, words) => {
    expect(describeDecision(decide(criterion))).toBe(words);
  }); // prettier-ignore

  it('names the criterion by priority and server', () => {
    expect(summarizeDecision(decide(criterionOf({ priority: 3, server: 'sip:a' })))).toEqual({
      priority: 3,
      serverName: 'sip:a',
      matched: true,
      reason: 'no trigger point',
    });
  });
});
