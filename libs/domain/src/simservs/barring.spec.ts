// Barring: given a user's rules, when a call comes in or goes out, then it is allowed or refused.
import { type BarringVerdict, judgeBarring } from './barring.js';
import { call } from './incoming-call.fixture.js';
import type { CommunicationBarring, RuleCondition } from './simservs.js';

type Told = readonly [id: string, allow: boolean, ...conditions: RuleCondition[]];
const given = (...rules: readonly Told[]): CommunicationBarring => ({
  active: true,
  rules: rules.map(([id, allow, ...conditions]) => ({ id, conditions, action: { allow } })),
});
const ALLOWED: BarringVerdict = { barred: false };
const ALICE: RuleCondition = { kind: 'identity', ones: ['sip:alice@ims.test'], many: [] };
const ABROAD: RuleCondition = { kind: 'international' };

it('allows where there is no service, an inactive one, or no rule that holds', () => {
  expect(judgeBarring(undefined, call())).toEqual(ALLOWED);
  expect(judgeBarring({ ...given(['all', false]), active: false }, call())).toEqual(ALLOWED);
  expect(judgeBarring(given(['abroad', false, ABROAD]), call())).toEqual(ALLOWED);
});

it('bars by a rule that holds', () => {
  const barred = { barred: true, rule: 'abroad', status: 603 };
  expect(judgeBarring(given(['abroad', false, ABROAD]), call({ international: true }))).toEqual(barred);
  expect(judgeBarring(given(['all', false]), call())).toEqual({ barred: true, rule: 'all', status: 603 });
});

it('allows when any rule that holds allows, wherever it stands', () => {
  expect(judgeBarring(given(['all', false], ['alice', true, ALICE]), call())).toEqual(ALLOWED);
  expect(judgeBarring(given(['alice', true, ALICE], ['all', false]), call())).toEqual(ALLOWED);
});

it('says 433 to who is refused for being anonymous only', () => {
  const rules = given(['anonymous', false, { kind: 'anonymous' }]);
  const barred = { barred: true, rule: 'anonymous', status: 433 };
  expect(judgeBarring(rules, call({ anonymous: true }))).toEqual(barred);
  const both = given(['anonymous', false, { kind: 'anonymous' }], ['all', false]);
  expect(judgeBarring(both, call({ anonymous: true }))).toMatchObject({ status: 603 });
});

it('lets a rule with a condition that is not known neither bar nor allow', () => {
  const unheard: RuleCondition = { kind: 'unknown', name: 'unheard-of' };
  expect(judgeBarring(given(['new', false, unheard]), call())).toEqual(ALLOWED);
  expect(judgeBarring(given(['all', false], ['new', true, unheard]), call())).toMatchObject({ barred: true });
});
