// Only what is due is looked at, once, at its newest time, and never before.
import fc from 'fast-check';
import { createFakeClock } from '#libs/testkit';
import { LooksBySecond } from './looks-by-second.js';

type Thing = { readonly name: number; looks: number[] };

const newStage = () => {
  const clock = createFakeClock(500);
  const looks = new LooksBySecond<Thing>(clock, (due) => due.looks.push(clock.nowMs()));
  return { clock, looks };
};

it('looks at what is due and at nothing else, with one timer for all', () => {
  const { clock, looks } = newStage();
  const things = Array.from({ length: 1_000 }, (_, name): Thing => ({ name, looks: [] }));
  for (const thing of things) looks.set(thing, 10_000 + thing.name * 1_000);
  expect(clock.pending).toBe(1);
  clock.advance(11_000);
  expect(things.filter((thing) => thing.looks.length > 0).map(({ name }) => name)).toEqual([0, 1]);
  expect([looks.size, clock.pending]).toEqual([998, 1]);
});

it('forgets what is taken out, and stops', () => {
  const { clock, looks } = newStage();
  const [gone, moved, late] = [0, 1, 2].map((name): Thing => ({ name, looks: [] })) as [Thing, Thing, Thing];
  for (const thing of [gone, moved, late]) looks.set(thing, 2_000);
  looks.delete(gone);
  looks.set(moved, Infinity);
  looks.set(late, 9_000);
  clock.advance(5_000);
  expect([gone, moved, late].flatMap((thing) => thing.looks)).toEqual([]);
  looks.stop();
  clock.advance(9_000);
  expect(late.looks).toEqual([]);
});

it('looks at each at its newest time, never early, less than a second late', () =>
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: fc.nat(4), inMs: fc.integer({ min: 1_000, max: 9_000 }), passesMs: fc.nat(4_000) })), // prettier-ignore
      (steps) => {
        const { clock, looks } = newStage();
        const things = Array.from({ length: 5 }, (_, name): Thing => ({ name, looks: [] }));
        const dueMs = new Map<number, number>();
        const check = (): void => {
          for (const thing of things) {
            const atMs = dueMs.get(thing.name);
            for (const lookMs of thing.looks.splice(0)) {
              expect(lookMs - atMs!).toBeGreaterThanOrEqual(0);
              expect(lookMs - atMs!).toBeLessThan(1_000);
              dueMs.delete(thing.name);
            }
          }
          for (const atMs of dueMs.values()) expect(atMs + 1_000).toBeGreaterThan(clock.nowMs());
        };
        for (const { name, inMs, passesMs } of steps) {
          dueMs.set(name, clock.nowMs() + inMs);
          looks.set(things[name]!, clock.nowMs() + inMs);
          clock.advance(passesMs);
          check();
        }
        clock.advance(20_000);
        check();
        expect(dueMs.size + looks.size + clock.pending).toBe(0);
      },
    ),
  ));
