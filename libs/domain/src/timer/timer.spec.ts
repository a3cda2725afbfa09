import fc from 'fast-check';
import { fold, type Recorded } from '#libs/decider';
import { specFor } from '#libs/testkit';
import {
  CARRY_AFTER_MS_MIN,
  dueMsOf,
  isRunning,
  popsOf,
  timer,
  type Timer,
  type TimerCommand,
  type TimerEvent,
  type TimerOrder,
} from './index.js';

const ORDER: TimerOrder = {
  startMs: 0,
  intervalS: 10,
  repeatForS: 30,
  uri: 'http://127.0.0.1/x',
  opaque: 'o',
  tags: [{ type: 'CALL', count: 1 }],
  replicationFactor: 2,
};
const set = (order: Partial<TimerOrder> = {}): TimerEvent => ({
  type: 'TimerSet',
  data: { ...ORDER, ...order },
});
const at = (offset: number) => ({ generation: 0, partition: 0, offset });
const popped = (sequence: number, of: number): TimerEvent => ({
  type: 'TimerPopped',
  data: { sequence, of: at(of), atMs: sequence * 10_000 },
});
const recordAll = (events: readonly TimerEvent[], from = 1): Recorded<TimerEvent>[] =>
  events.map((event, i) => ({ event, stream: 'timer-0000000000000001', position: at(from + i) }));
const folded = (...events: TimerEvent[]): Timer | undefined => fold(timer, undefined, recordAll(events));
const sequenceOf = (state: Timer | undefined): number | 'over' =>
  isRunning(state) ? state.sequence : 'over';

describe('what a timer decides', () => {
  const given = specFor(timer);
  const deliver = (sequence: number): TimerCommand => ({
    type: 'Deliver',
    data: { sequence, nowMs: sequence * 10_000 },
  });

  it('is set by whoever asks', () => given().when({ type: 'SetTimer', data: ORDER }).then(set()));

  it('is cancelled also where none is seen', () =>
    given()
      .when({ type: 'CancelTimer', data: { nowMs: 5 } })
      .then({ type: 'TimerCancelled', data: { atMs: 5 } }));

  it('says nothing of a callback that is done with, or that there is none of', () => {
    const state = folded(set(), popped(1, 1));
    expect(timer.decide(state, deliver(1))).toEqual([]);
    expect(timer.decide(state, deliver(4))).toEqual([]);
    expect(timer.decide(state, deliver(2))).toEqual([
      { type: 'TimerPopped', data: { sequence: 2, of: at(1), atMs: 20_000 } },
    ]);
    expect(timer.decide(undefined, deliver(1))).toEqual([]);
  });

  it('gives a callback up with all that is needed to send it again', () => {
    const [event] = timer.decide(folded(set()), {
      type: 'GiveUp',
      data: { sequence: 1, nowMs: 9, tries: 6, reason: 'x'.repeat(500) },
    });
    expect(event).toMatchObject({
      type: 'CallbackFailed',
      data: { uri: ORDER.uri, opaque: 'o', tries: 6, reason: 'x'.repeat(200) },
    });
  });
});

describe('how it folds', () => {
  it.each([
    [10, 10, 1],
    [10, 25, 2],
    [10, 5, 1],
    [10, 30, 3],
    [0, 0, 1],
  ])('an interval of %d s repeated for %d s pops %d times', (intervalS, repeatForS, pops) =>
    expect(popsOf({ intervalS, repeatForS })).toBe(pops),
  );

  it('is due at multiples of its interval, years away too', () => {
    const year = 365 * 86_400;
    expect(dueMsOf({ startMs: 1_700_000_000_000, intervalS: year }, 9)).toBe(
      1_700_000_000_000 + 9 * year * 1000,
    );
  });

  it('counts its callbacks, and is over after the last', () => {
    expect(sequenceOf(folded(set(), popped(1, 1)))).toBe(1);
    expect(sequenceOf(folded(set(), popped(1, 1), popped(2, 1), popped(3, 1)))).toBe('over');
  });

  it('goes on where a callback was given up', () => {
    const [failed] = timer.decide(folded(set()), {
      type: 'GiveUp',
      data: { sequence: 1, nowMs: 1, tries: 1, reason: '' },
    });
    expect(sequenceOf(folded(set(), failed!))).toBe(1);
  });

  it('is not moved by a callback of its former life', () =>
    expect(sequenceOf(folded(set(), set(), popped(1, 1)))).toBe(0));

  it('is told again in full: the same timer, and none that was cancelled just before', () => {
    const old = folded(set({ intervalS: 1e6, repeatForS: 3e6 }), popped(1, 1));
    const [carried] = timer.decide(old, { type: 'CarryOn', data: { nowMs: CARRY_AFTER_MS_MIN } });
    expect(sequenceOf(folded(carried!))).toBe(1);
    expect(sequenceOf(folded(set({ intervalS: 1e6, repeatForS: 3e6 }), popped(1, 1), carried!))).toBe(1);
    const cancelled: TimerEvent = { type: 'TimerCancelled', data: { atMs: CARRY_AFTER_MS_MIN } };
    const after = folded(set({ intervalS: 1e6, repeatForS: 3e6 }), popped(1, 1), cancelled, carried!);
    expect(after).toMatchObject({ ended: true });
    expect((after as { rememberUntilMs: number }).rememberUntilMs).toBeGreaterThan(CARRY_AFTER_MS_MIN);
    expect(folded(set(), { type: 'TimerCancelled', data: { atMs: 5 } })).toMatchObject({
      rememberUntilMs: 0,
    });
  });
});

describe('events that come again', () => {
  const event = fc.oneof(
    fc.constant(set()),
    fc.constant(set({ repeatForS: 10 })),
    fc.record({ sequence: fc.integer({ min: 1, max: 4 }), of: fc.integer({ min: 1, max: 8 }) }).map(
      ({ sequence, of }) => popped(sequence, of),
    ),
    fc.constant<TimerEvent>({ type: 'TimerCancelled', data: { atMs: 3 } }),
    fc.constant<TimerEvent>({
      type: 'TimerCarriedOn',
      data: { ...ORDER, sequence: 1, of: at(1), atMs: 4 },
    }),
  ); // prettier-ignore

  it('change nothing, from wherever they are told again', () =>
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 8 }), fc.nat(8), (events, from) => {
        const all = recordAll(events);
        const once = fold(timer, undefined, all);
        if (once === undefined) return;
        expect(fold(timer, once, all.slice(from))).toEqual(once);
      }),
    ));
});
