// Diversion: given a user's rules, when this becomes of a call, then it goes there, for this reason.
import { causeOf, chooseDiversion, outcomeOf, watchesOutcome } from './diversion.js';
import { diversionServer } from './diversion-server.js';
import { call } from './incoming-call.fixture.js';
import {
  type CallOutcome,
  type CommunicationDiversion,
  noReplyTimerS,
  type RuleCondition,
} from './simservs.js';

type Told = readonly [id: string, ...conditions: RuleCondition[]];
const given = (...rules: readonly Told[]): CommunicationDiversion => ({
  active: true,
  noReplyTimerS: 20,
  rules: rules.map(([id, ...conditions]) => ({
    id,
    conditions,
    action: { target: `sip:${id}@ims.test`, notifyCaller: true, revealToTarget: true },
  })),
});
const when = (service: CommunicationDiversion | undefined, told: Parameters<typeof call>[0] = {}) =>
  chooseDiversion(service, call(told))?.forwardTo.target;

it.each([
  ['busy', 486, 'user-busy'],
  ['no-answer', 408, 'no-answer'],
  ['not-registered', 404, 'unavailable'],
  ['not-reachable', 503, 'unavailable'],
] as const)('%s: a rule that asks for it, for cause %d', (outcome, cause, reason) => {
  const service = given(['vm', { kind: outcome }]);
  expect(chooseDiversion(service, call({ outcome }))).toMatchObject({ rule: 'vm', cause: { cause, reason } });
  expect(when(service)).toBeUndefined();
  expect(watchesOutcome(service)).toBe(true);
});

it('diverts unconditionally on arrival, for cause 302', () => {
  const choice = chooseDiversion(given(['away']), call());
  expect(choice).toMatchObject({ rule: 'away', cause: { cause: 302, reason: 'unconditional' } });
  expect(watchesOutcome(given(['away']))).toBe(false);
});

it('takes the first rule that holds, and no unconditional one once the call was offered', () => {
  const service = given(['one', { kind: 'busy' }, { kind: 'anonymous' }], ['two', { kind: 'busy' }], ['late', { kind: 'validity', spans: [] }]); // prettier-ignore
  expect(when(service, { outcome: 'busy' })).toBe('sip:two@ims.test');
  expect(when(service, { outcome: 'busy', anonymous: true })).toBe('sip:one@ims.test');
  const became = given(['now', { kind: 'validity', spans: [{ fromMs: 5, untilMs: 9 }] }]);
  expect(when(became, { nowMs: 5 })).toBe('sip:now@ims.test');
  expect(when(became, { nowMs: 5, outcome: 'busy' })).toBeUndefined();
});

it.each<readonly [string, RuleCondition, Parameters<typeof call>[0]]>([
  ['media', { kind: 'media', media: 'video' }, { media: ['video'] }],
  ['identity', { kind: 'identity', ones: ['sip:bob@ims.test'], many: [] }, { parties: ['sip:bob@ims.test'] }],
  ['anonymous', { kind: 'anonymous' }, { anonymous: true }],
  ['validity', { kind: 'validity', spans: [{ fromMs: 3_000, untilMs: 4_000 }] }, { nowMs: 3_000 }],
])('by %s, also together with busy', (_name, condition, told) => {
  expect(when(given(['vm', condition]))).toBeUndefined();
  expect(when(given(['vm', condition]), told)).toBe('sip:vm@ims.test');
  expect(when(given(['vm', condition, { kind: 'busy' }]), told)).toBeUndefined();
  expect(when(given(['vm', condition, { kind: 'busy' }]), { ...told, outcome: 'busy' })).toBe('sip:vm@ims.test'); // prettier-ignore
});

it('does nothing where the rule, or the service, is switched off', () => {
  expect(when(given(['vm', { kind: 'rule-deactivated' }]))).toBeUndefined();
  expect(when({ ...given(['vm']), active: false })).toBeUndefined();
  expect(watchesOutcome({ ...given(['vm', { kind: 'busy' }]), active: false })).toBe(false);
  expect(when(undefined)).toBeUndefined();
});

it.each<readonly [number, boolean, CallOutcome | undefined]>([
  [486, false, 'busy'],
  [486, true, 'busy'],
  [404, false, 'not-registered'],
  [480, true, 'not-registered'],
  [408, false, 'not-reachable'],
  [408, true, 'no-answer'],
  [500, false, 'not-reachable'],
  [503, false, 'not-reachable'],
  [500, true, undefined],
  [603, false, undefined],
  [487, false, undefined],
])('takes %d (rang: %s) as %s', (status, rang, outcome) => {
  expect(outcomeOf(status, rang)).toBe(outcome);
});

describe('a server without documents', () => {
  const server = (parameters: Readonly<Record<string, string>>) =>
    diversionServer((name) => parameters[name]);

  it('diverts on any of its conditions to its target', () => {
    const { communicationDiversion: service } = server({
      conditions: 'busy+not-registered+no-answer+not-reachable',
      target: 'sip:vm@ims.test',
      'no-reply-timer': '9',
    });
    for (const outcome of ['busy', 'not-registered', 'no-answer', 'not-reachable'] as const)
      expect(when(service, { outcome })).toBe('sip:vm@ims.test');
    expect(when(service)).toBeUndefined();
    expect(service?.noReplyTimerS).toBe(9);
  });

  it('diverts always where no condition is named, never by one that is not known', () => {
    expect(when(server({ target: 'sip:vm@ims.test' }).communicationDiversion)).toBe('sip:vm@ims.test');
    const odd = server({ target: 'sip:vm@ims.test', conditions: 'moon' });
    expect(when(odd.communicationDiversion)).toBeUndefined();
    expect(odd.problems).toEqual(['condition moon is not known']);
    expect(server({}).communicationDiversion).toBeUndefined();
  });
});

it('keeps the timer within what the service allows', () => {
  expect([undefined, '0', '5', '60', '9999', 'x'].map(noReplyTimerS)).toEqual([20, 5, 5, 60, 180, 20]);
});

it('has a cause for every outcome', () => {
  expect(causeOf(undefined).cause).toBe(302);
});
