// When conditions hold: given a rule, when a call comes, then the rule is in force or not.
import { partyDomain, partyKey } from './party-key.js';
import { ruleHolds } from './service-rules.js';
import { call } from './incoming-call.fixture.js';
import type { RuleCondition, ServiceRule } from './simservs.js';

const rule = (...conditions: RuleCondition[]): ServiceRule<null> => ({ id: 'r', conditions, action: null });
const holds = (conditions: readonly RuleCondition[], told: Parameters<typeof call>[0] = {}): boolean =>
  ruleHolds(rule(...conditions), [rule(...conditions)], call(told));
const one = (...ones: string[]): RuleCondition => ({ kind: 'identity', ones, many: [] });

it('holds without conditions', () => {
  expect(holds([])).toBe(true);
});

it.each<readonly [string, RuleCondition, Parameters<typeof call>[0], boolean]>([
  ['busy, the callee being busy', { kind: 'busy' }, { outcome: 'busy' }, true],
  ['busy on arrival', { kind: 'busy' }, {}, false],
  ['no answer, the callee being busy', { kind: 'no-answer' }, { outcome: 'busy' }, false],
  ['not registered', { kind: 'not-registered' }, { outcome: 'not-registered' }, true],
  ['not reachable', { kind: 'not-reachable' }, { outcome: 'not-reachable' }, true],
  ['a rule that is switched off', { kind: 'rule-deactivated' }, {}, false],
  ['what is not known', { kind: 'unknown', name: 'sphere' }, {}, false],
  ['anonymous', { kind: 'anonymous' }, { anonymous: true }, true],
  ['anonymous of somebody', { kind: 'anonymous' }, {}, false],
  ['video of a call with video', { kind: 'media', media: 'video' }, { media: ['audio', 'video'] }, true],
  ['video of a call without', { kind: 'media', media: 'video' }, {}, false],
  ['diverted', { kind: 'communication-diverted' }, { diverted: true }, true],
  ['international', { kind: 'international' }, { international: true }, true],
  ['international-exHC within the country', { kind: 'international-exhc' }, {}, false],
  ['roaming', { kind: 'roaming' }, { roaming: true }, true],
  ['roaming at home', { kind: 'roaming' }, {}, false],
  ['an identity', one('sip:alice@IMS.test'), {}, true],
  ['another identity', one('sip:bob@ims.test'), {}, false],
  ['a number written otherwise', one('tel:+1-555-1234'), { parties: ['sip:+15551234@ims.test;user=phone'] }, true],
  ['nobody known', one('sip:alice@ims.test'), { parties: [] }, false],
  ['anyone of a domain', { kind: 'identity', ones: [], many: [{ domain: 'ims.test', exceptDomains: [], exceptIdentities: [] }] }, {}, true],
  ['anyone of another domain', { kind: 'identity', ones: [], many: [{ domain: 'a.test', exceptDomains: [], exceptIdentities: [] }] }, {}, false],
  ['anyone but one', { kind: 'identity', ones: [], many: [{ exceptDomains: [], exceptIdentities: ['sip:alice@ims.test'] }] }, {}, false],
  ['anyone but a domain', { kind: 'identity', ones: [], many: [{ exceptDomains: ['IMS.test'], exceptIdentities: [] }] }, {}, false],
  ['the first moment of a span', { kind: 'validity', spans: [{ fromMs: 1_000, untilMs: 2_000 }] }, { nowMs: 1_000 }, true],
  ['the end of a span', { kind: 'validity', spans: [{ fromMs: 1_000, untilMs: 2_000 }] }, { nowMs: 2_000 }, false],
])('%s', (_name, condition, told, expected) => {
  expect(holds([condition], told)).toBe(expected);
}); // prettier-ignore

it('asks for all of its conditions', () => {
  expect(holds([{ kind: 'busy' }, { kind: 'anonymous' }], { outcome: 'busy' })).toBe(false);
  expect(holds([{ kind: 'busy' }, { kind: 'anonymous' }], { outcome: 'busy', anonymous: true })).toBe(true);
});

it('means by other-identity whom no rule of the set names', () => {
  const other = rule({ kind: 'other-identity' });
  expect(ruleHolds(other, [other, rule(one('sip:bob@ims.test'))], call())).toBe(true);
  expect(ruleHolds(other, [other, rule(one('sip:alice@ims.test'))], call())).toBe(false);
});

it.each([
  ['tel:+1-555-(12)34;phone-context=x', '+15551234', undefined],
  ['sip:+1.5551234;npdi@IMS.test;user=phone', '+15551234', 'ims.test'],
  ['sips:Alice:pw@IMS.test:5061;transport=tcp?x=y', 'Alice@ims.test', 'ims.test'],
  ['sip:ims.test', 'ims.test', 'ims.test'],
  ['urn:service:sos', 'urn:service:sos', undefined],
])('compares %s as %s', (uri, key, domain) => {
  expect(partyKey(uri)).toBe(key);
  expect(partyDomain(uri)).toBe(domain);
});
