import { TimerWheel } from '#libs/sip';
import { createFakeClock } from '#libs/testkit';
import { GroupRinging } from './group-ringing.js';
import type { Target } from './targets.js';

const group = (...names: readonly string[]): readonly Target[] =>
  names.map((name) => name as unknown as Target);

/** `taken`: how many branches can be made to each group; default: to all of it. */
const world = (
  groups: readonly (readonly Target[])[],
  { ringMs = 30_000, taken = [] as readonly number[] } = {},
) => {
  const clock = createFakeClock();
  const timers = new TimerWheel(clock);
  const rung: string[] = [];
  const ringing: GroupRinging = new GroupRinging({
    groups,
    timers,
    ringMs,
    fork(targets, why) {
      const made = taken[rung.length] ?? targets.length;
      rung.push(`${why ?? 'first'}: ${(targets as unknown as readonly string[]).join('+')}`);
      return made;
    },
    overdue: () => ringing.next('no-answer'),
  });
  const pass = (ms: number): void => {
    clock.advance(ms);
    timers.advance();
  };
  ringing.next(undefined);
  return { rung, ringing, timers, pass };
};

const THREE = [group('desk'), group('mobile', 'tablet'), group('mailbox')];

describe('groups of devices', () => {
  it('ring one after the other, the next when everybody before it has refused', () => {
    const { rung, ringing } = world(THREE);
    expect(ringing.refused()).toBe(true);
    ringing.next('refused');
    expect(ringing.refused()).toBe(false);
    expect(rung).toEqual(['first: desk', 'refused: mobile+tablet']);
    expect(ringing.refused()).toBe(true);
    ringing.next('refused');
    expect(rung.at(-1)).toBe('refused: mailbox');
  });

  it('ring for their time, the last one without an end', () => {
    const { rung, pass, timers } = world(THREE);
    pass(29_990);
    expect(rung).toHaveLength(1);
    pass(10);
    expect(rung).toEqual(['first: desk', 'no-answer: mobile+tablet']);
    pass(30_000);
    expect(rung.at(-1)).toBe('no-answer: mailbox');
    expect(timers.size).toBe(0);
  });

  it('have their time each: one that refused early takes none of the next one’s', () => {
    const { rung, ringing, pass } = world(THREE);
    pass(20_000);
    ringing.refused();
    ringing.next('refused');
    pass(29_000);
    expect(rung).toHaveLength(2);
    pass(1_000);
    expect(rung).toHaveLength(3);
  });

  it('have no time where the operator gives them none', () =>
    expect(world(THREE, { ringMs: 0 }).timers.size).toBe(0));

  it('of which no branch can be made are passed over', () => {
    const { rung, ringing } = world(THREE, { taken: [1, 0, 1] });
    ringing.refused();
    ringing.next('refused');
    expect(rung).toEqual(['first: desk', 'refused: mobile+tablet', 'refused: mailbox']);
  });

  it('end: nothing is timed once the call has an answer', () => {
    const { ringing, timers } = world(THREE);
    expect(timers.size).toBe(1);
    ringing.stop();
    expect(timers.size).toBe(0);
  });
});
