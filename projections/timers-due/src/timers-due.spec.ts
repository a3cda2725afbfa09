import fc from 'fast-check';
import type { Recorded } from '#libs/decider';
import { dueMsOf, isRunning, type TimerEvent, timer, type TimerOrder } from '#libs/domain';
import { MemoryDisk } from '#libs/event-log';
import { createFakeClock } from '#libs/testkit';
import type { BindingEvent } from './binding-expiries.js';
import { isPlaced } from './due-wheel.js';
import { type Due, OTHER_TAGS, TAGS_MAX, TimersDue } from './timers-due.js';
import { openTimerSnapshots } from './timers-due.store.js';

const NOW_MS = Date.UTC(2030, 0, 1);
const clock = createFakeClock(NOW_MS);
const at = (offset: number) => ({ generation: 0, partition: 0, offset });
const ORDER: TimerOrder = {
  startMs: NOW_MS,
  intervalS: 10,
  repeatForS: 30,
  uri: 'http://127.0.0.1/x',
  opaque: '',
  tags: [],
  replicationFactor: 1,
};
const set = (order: Partial<TimerOrder> = {}): TimerEvent => ({
  type: 'TimerSet',
  data: { ...ORDER, ...order },
});
const idOf = (n: number): string => n.toString(16).padStart(16, '0');

type Told = readonly [stream: string, recorded: Recorded<TimerEvent | BindingEvent>];
const told = (events: readonly (readonly [id: number, event: TimerEvent])[]): Told[] =>
  events.map(([id, event], i) => {
    const stream = `timer-${idOf(id)}`;
    return [stream, { event, stream, position: at(i + 1) }];
  });
const foldInto = (due: TimersDue, all: readonly Told[]): TimersDue => {
  for (const [stream, recorded] of all) due.apply(stream, [recorded]);
  return due;
};
const shown = ({ timers, letters, tags }: TimersDue): object => ({
  timers: [...timers].map(([id, node]) => [id, node.timer, node.dueMs, isPlaced(node)]).sort(),
  letters: [...letters.keys()].sort(),
  tags: [...tags].filter(([, count]) => count > 0).sort(),
});

const anyEvent = fc.oneof(
  { weight: 3, arbitrary: fc.record({
    intervalS: fc.nat(20), repeatForS: fc.nat(60), startMs: fc.integer({ min: NOW_MS, max: NOW_MS + 60_000 }),
    tags: fc.subarray([{ type: 'REG', count: 1 }, { type: 'CALL', count: 2 }]),
  }).map(set) },
  { weight: 3, arbitrary: fc.record({ sequence: fc.integer({ min: 1, max: 4 }), of: fc.integer({ min: 1, max: 30 }) }).map(
    ({ sequence, of }): TimerEvent => ({ type: 'TimerPopped', data: { sequence, of: at(of), atMs: NOW_MS } })) },
  { weight: 1, arbitrary: fc.record({ sequence: fc.integer({ min: 1, max: 4 }), of: fc.integer({ min: 1, max: 30 }) }).map(
    ({ sequence, of }): TimerEvent => ({
      type: 'CallbackFailed',
      data: { sequence, of: at(of), atMs: NOW_MS, tries: 1, reason: '', uri: 'u', opaque: 'o' },
    })) },
  { weight: 1, arbitrary: fc.constant<TimerEvent>({ type: 'TimerCancelled', data: { atMs: NOW_MS } }) },
); // prettier-ignore
const history = fc.array(fc.tuple(fc.nat(3), anyEvent), { maxLength: 30 });

describe('what is due, folded', () => {
  it('holds for each timer what its aggregate folds to, in its place on the wheel', () =>
    fc.assert(
      fc.property(history, (events) => {
        const all = told(events);
        const due = foldInto(new TimersDue(() => NOW_MS), all);
        for (let id = 0; id <= 3; id++) {
          const own = all.filter(([stream]) => stream === `timer-${idOf(id)}`);
          const state = own.reduce(
            (before, [, recorded]) => timer.evolve(before, recorded as Recorded<TimerEvent>),
            timer.initialState,
          );
          const node = due.timers.get(idOf(id));
          expect(node?.timer).toEqual(isRunning(state) ? state : undefined);
          if (node)
            expect([isPlaced(node), node.dueMs]).toEqual([
              true,
              dueMsOf(node.timer, node.timer.sequence + 1),
            ]);
        }
      }),
    ));

  it('is the same from a snapshot and what follows, from wherever the snapshot says, with rows newer than it says', () =>
    fc.assert(
      fc.asyncProperty(history, fc.nat(30), fc.nat(30), async (events, first, second) => {
        const all = told(events);
        const [from, upTo] = [Math.min(first, second), Math.max(first, second)];
        const whole = foldInto(new TimersDue(() => NOW_MS), all);
        const due = foldInto(new TimersDue(() => NOW_MS), all.slice(0, upTo));
        const disk = new MemoryDisk();
        await disk.makeFolder();
        const options = { file: '/d/s', clock, disk, onDamaged: (reason: string) => expect(reason).toBe('') };
        await (await openTimerSnapshots({ ...options, due })).save(at(from));
        const restored = new TimersDue(() => NOW_MS);
        expect(await (await openTimerSnapshots({ ...options, due: restored })).checkpoint()).toEqual(
          at(from),
        );
        expect(shown(foldInto(restored, all.slice(from)))).toEqual(shown(whole));
      }),
    ));

  it('gives what is due once, and again only when the log says what became of it', () => {
    const due = foldInto(new TimersDue(() => clock.nowMs()), told([[1, set()], [2, set({ startMs: NOW_MS + 5_000 })]])); // prettier-ignore
    const taken: Due[] = [];
    clock.advance(12_000);
    due.take((node) => taken.push(node), 100);
    due.take((node) => taken.push(node), 100);
    expect(taken.map((node) => node.kind === 'timer' && node.id)).toEqual([idOf(1)]);
    foldInto(due, [[`timer-${idOf(1)}`, { stream: '', position: at(9), event: { type: 'TimerPopped', data: { sequence: 1, of: at(1), atMs: 0 } } }]]); // prettier-ignore
    expect(due.timers.get(idOf(1))?.dueMs).toBe(NOW_MS + 20_000);
  });

  it('counts no more tags than its bound', () => {
    const tags = Array.from({ length: TAGS_MAX + 5 }, (_, i) => ({ type: `T${i}`, count: 1 }));
    const due = foldInto(new TimersDue(() => NOW_MS), told([[1, set({ tags })]]));
    expect([due.tags.size, due.tags.get(OTHER_TAGS)]).toEqual([TAGS_MAX + 1, 5]);
  });
});

describe('expiries of bindings', () => {
  const bind = (bindingId: string, expiresAtMs: number, offset: number, type = 'BindingAdded') =>
    ({ event: { type, data: { bindingId, expiresAtMs } }, stream: '', position: at(offset) }) as unknown as Recorded<BindingEvent>; // prettier-ignore
  const removed = (bindingId: string, offset: number, upTo?: number) =>
    ({ event: { type: 'BindingRemoved', data: { bindingId, ...(upTo === undefined ? {} : { upTo: at(upTo) }) } }, stream: '', position: at(offset) }) as unknown as Recorded<BindingEvent>; // prettier-ignore
  const S = 'registration-sip:a@t';
  const dueOf = (due: TimersDue) => due.bindings.get('sip:a@t')?.dueMs;

  it('are derived from the registration stream: the next one of an address counts', () => {
    const due = new TimersDue(() => NOW_MS, true);
    due.apply(S, [bind('x', NOW_MS + 60_000, 1), bind('y', NOW_MS + 30_000, 2)]);
    expect(dueOf(due)).toBe(NOW_MS + 30_000);
    due.apply(S, [bind('y', NOW_MS + 90_000, 3, 'BindingRefreshed')]);
    expect(dueOf(due)).toBe(NOW_MS + 60_000);
    due.apply(S, [removed('x', 4)]);
    expect(dueOf(due)).toBe(NOW_MS + 90_000);
    // Judged before the refresh: it stays.
    due.apply(S, [removed('y', 5, 2)]);
    expect(dueOf(due)).toBe(NOW_MS + 90_000);
    due.apply(S, [{ event: { type: 'AllBindingsRemoved', data: {} }, stream: '', position: at(6) }]); // prettier-ignore
    expect(dueOf(due)).toBe(undefined);
  });

  it('are nothing to who did not ask for them', () => {
    const due = new TimersDue(() => NOW_MS);
    due.apply(S, [bind('x', NOW_MS + 60_000, 1)]);
    expect(due.bindings.size).toBe(0);
  });
});
