import fc from 'fast-check';
import { decideRefresh, MIN_SE_S, type RefreshAsked, refreshLacking } from './session-timer.js';

const POLICY = { targetS: 600, minS: 120 };
const given = (asked: Partial<RefreshAsked>) =>
  decideRefresh({ expiresS: undefined, minS: undefined, knowsTimers: true, ...asked }, POLICY);

describe('a session refresh request (RFC 4028 §8.1)', () => {
  it('that asks for nothing is asked to be refreshed within the target', () =>
    expect(given({})).toEqual({ kind: 'forward', expiresS: 600 }));

  it('that asks for longer is brought down to the target', () =>
    expect(given({ expiresS: 1_800 })).toEqual({ kind: 'forward', expiresS: 600 }));

  it('that asks for less is left as it is', () =>
    expect(given({ expiresS: 300 })).toEqual({ kind: 'forward', expiresS: 300 }));

  it('is never brought below its own Min-SE', () => {
    expect(given({ expiresS: 1_800, minS: 900 })).toEqual({ kind: 'forward', expiresS: 900 });
    expect(given({ minS: 900 })).toEqual({ kind: 'forward', expiresS: 900 });
  });

  it('that is below its own Min-SE is raised to it', () =>
    expect(given({ expiresS: 300, minS: 400 })).toEqual({ kind: 'forward', expiresS: 400 }));

  it('that asks for too little is refused with what would do', () =>
    expect(given({ expiresS: 119 })).toEqual({ kind: 'too-small', minS: 120 }));

  it('of who does not know timers is raised instead: it could not ask again', () => {
    expect(given({ expiresS: 60, knowsTimers: false })).toEqual({
      kind: 'forward',
      expiresS: 120,
      minS: 120,
    });
    expect(given({ expiresS: 60, minS: 300, knowsTimers: false })).toEqual({
      kind: 'forward',
      expiresS: 300,
    });
  });

  it('keeps to the rules whatever it says', () => {
    const seconds = fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined });
    const asked = fc.record({ expiresS: seconds, minS: seconds, knowsTimers: fc.boolean() });
    const policies = fc.record({
      targetS: fc.integer({ min: MIN_SE_S, max: 3_000 }),
      minS: fc.integer({ min: MIN_SE_S, max: 3_000 }),
    });
    fc.assert(
      fc.property(asked, policies, (request, policy) => {
        const decision = decideRefresh(request, policy);
        const { expiresS, minS, knowsTimers } = request;
        if (decision.kind === 'too-small') {
          expect(knowsTimers && expiresS! < policy.minS).toBe(true);
          return;
        }
        const floorS = Math.max(MIN_SE_S, decision.minS ?? minS ?? 0);
        expect(decision.expiresS).toBeGreaterThanOrEqual(floorS);
        // Never increased where it was no less than what Min-SE says.
        if (expiresS !== undefined && expiresS >= floorS)
          expect(decision.expiresS).toBeLessThanOrEqual(expiresS);
        if (knowsTimers) expect(decision.minS).toBeUndefined();
        if (decision.minS !== undefined) expect(decision.minS).toBeGreaterThan(minS ?? 0);
      }),
    );
  });
});

describe('its 2xx (RFC 4028 §8.2)', () => {
  it('of a callee who does not know timers gets what was asked for, for a caller who does', () =>
    expect(refreshLacking(undefined, { askedS: 600, knowsTimers: true })).toBe(600));

  it('says nothing where neither knows them', () =>
    expect(refreshLacking(undefined, { askedS: 600, knowsTimers: false })).toBeUndefined());

  it('goes on as it is where the callee knows them', () =>
    expect(refreshLacking(300, { askedS: 600, knowsTimers: true })).toBeUndefined());
});
