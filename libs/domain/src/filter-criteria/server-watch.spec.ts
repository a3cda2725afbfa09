import {
  heardOfServer,
  isServerFault,
  type ServerSign,
  type ServerVerdict,
  watchServer,
} from './server-watch.js';

const given = (handling: 'continued' | 'terminated', ...before: readonly ServerSign[]) => {
  const watch = before.reduce((state, sign) => heardOfServer(state, sign).watch, watchServer(handling));
  return {
    when: (sign: ServerSign) => ({
      then: (verdict: ServerVerdict) => expect(heardOfServer(watch, sign).verdict).toBe(verdict),
    }),
  };
};

const provisional = (status: number): ServerSign => ({ kind: 'provisional', status });
const failed = (status: number): ServerSign => ({ kind: 'failed', status });
const withdrawn: ServerSign = { kind: 'failed', status: 500, withdrawn: true };
const overdue: ServerSign = { kind: 'overdue' };
const returned: ServerSign = { kind: 'returned' };

describe('an application server whose failure is passed over (SESSION_CONTINUED)', () => {
  it.each([
    ['is silent', [], overdue, 'bypass'],
    ['says 100', [], provisional(100), 'wait-anew'],
    ['says 100 once more', [provisional(100)], provisional(100), 'wait'],
    ['is silent after a 100', [provisional(100)], overdue, 'bypass'],
    ['answers 500 at once', [], failed(500), 'bypass'],
    ['answers 500 after a 100', [provisional(100)], failed(500), 'bypass'],
    ['cannot be reached', [], failed(503), 'bypass'],
    ['never answered', [], failed(408), 'bypass'],
    ['rings', [], provisional(183), 'alive'],
    ['rings again', [provisional(183)], provisional(180), 'wait'],
    ['is silent after a 183', [provisional(183)], overdue, 'wait'],
    ['answers 500 after a 183', [provisional(183)], failed(500), 'pass-back'],
    ['gives the request back', [], returned, 'alive'],
    ['is silent after it gave the request back', [returned], overdue, 'wait'],
    ['answers 500 after it gave the request back', [returned], failed(500), 'pass-back'],
    ['has lost its program, which took back what it gave', [returned], withdrawn, 'bypass'],
    ['has lost its program, and had rung too', [returned, provisional(180)], withdrawn, 'pass-back'],
    ['has lost its program, and had rung before', [provisional(180), returned], withdrawn, 'pass-back'],
    ['answers 404', [], failed(404), 'pass-back'],
    ['answers 486', [], failed(486), 'pass-back'],
    ['answers 603', [], failed(603), 'pass-back'],
    ['redirects', [], failed(302), 'pass-back'],
  ] as const)('%s', (_what, before, sign, verdict) =>
    given('continued', ...before)
      .when(sign)
      .then(verdict),
  );
});

describe('an application server whose failure ends the session (SESSION_TERMINATED)', () => {
  it.each([
    ['is silent', [], overdue, 'time-out'],
    ['says 100', [], provisional(100), 'wait-anew'],
    ['is silent after a 100', [provisional(100)], overdue, 'time-out'],
    ['answers 500 at once', [], failed(500), 'pass-back'],
    ['cannot be reached', [], failed(503), 'pass-back'],
    ['is silent after a 183', [provisional(183)], overdue, 'wait'],
    ['has lost its program, which took back what it gave', [returned], withdrawn, 'pass-back'],
    ['answers 404', [], failed(404), 'pass-back'],
  ] as const)('%s', (_what, before, sign, verdict) =>
    given('terminated', ...before)
      .when(sign)
      .then(verdict),
  );
});

it('408 and 5xx are faults of a server, and nothing else is', () => {
  expect([302, 404, 407, 408, 409, 486, 500, 503, 599, 600, 603].filter(isServerFault)).toEqual([408, 500, 503, 599]);
}); // prettier-ignore
