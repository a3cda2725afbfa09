import fc from 'fast-check';
import { type DueNode, DueWheel, isPlaced, TICK_MS } from './due-wheel.js';

const START_MS = 1_700_000_000_000;
const YEAR_MS = 365 * 86_400_000;

class Named implements DueNode {
  dueMs = 0;
  level = 0;
  next: DueNode | undefined = undefined;
  previous: DueNode | undefined = undefined;

  constructor(readonly name: number) {}
}

const delay = fc.oneof(
  fc.integer({ min: -5_000, max: 3_000 }),
  fc.integer({ min: 0, max: 1_200_000 }),
  fc.integer({ min: 0, max: 100 * 3_600_000 }),
  fc.integer({ min: 0, max: 40 * YEAR_MS }),
);

describe('a wheel of what is due', () => {
  it('gives each node once, never early, and late by no more than the last step and a tick', () =>
    fc.assert(
      fc.property(fc.array(delay, { maxLength: 30 }), fc.array(delay, { maxLength: 12 }), (delays, steps) => {
        const wheel = new DueWheel<Named>(START_MS);
        delays.forEach((ms, i) => wheel.place(new Named(i), START_MS + ms));
        const gone = new Map<number, number>();
        let [nowMs, beforeMs] = [START_MS, START_MS];
        const look = (): void =>
          wheel.advance(nowMs, (node) => {
            expect(gone.has(node.name)).toBe(false);
            gone.set(node.name, nowMs);
            expect(node.dueMs).toBeLessThanOrEqual(nowMs);
            if (node.dueMs > START_MS) expect(node.dueMs).toBeGreaterThan(beforeMs - TICK_MS - 1);
          });
        for (const step of [...steps.filter((ms) => ms >= 0)].sort((a, b) => a - b)) {
          beforeMs = nowMs;
          nowMs = START_MS + step;
          look();
          for (const [i, ms] of delays.entries()) if (ms + TICK_MS <= step) expect(gone.has(i)).toBe(true);
        }
        expect(wheel.size).toBe(delays.length - gone.size);
      }),
      { numRuns: 200 },
    ));

  it('moves and removes', () => {
    const wheel = new DueWheel<Named>(START_MS);
    const [a, b] = [new Named(1), new Named(2)];
    wheel.place(a, START_MS + 100_000);
    wheel.place(a, START_MS + 16);
    wheel.place(b, START_MS + 16);
    wheel.remove(b);
    const gone: number[] = [];
    wheel.advance(START_MS + 1_000, ({ name }) => gone.push(name));
    expect([gone, wheel.size, isPlaced(a)]).toEqual([[1], 0, false]);
  });

  it('finds what is overdue at once, also what a receiver places', () => {
    const wheel = new DueWheel<Named>(START_MS);
    const again = new Named(7);
    wheel.place(new Named(1), START_MS - YEAR_MS);
    const gone: number[] = [];
    wheel.advance(START_MS, ({ name }) => {
      gone.push(name);
      if (name === 1) wheel.place(again, START_MS - 1);
    });
    expect(gone).toEqual([1, 7]);
  });

  it('keeps what is beyond the portion for the next look', () => {
    const wheel = new DueWheel<Named>(START_MS);
    for (let i = 0; i < 10; i++) wheel.place(new Named(i), START_MS + i);
    const gone: number[] = [];
    const take = ({ name }: Named): void => void gone.push(name);
    wheel.advance(START_MS + 100, take, 4);
    expect([gone.length, wheel.nextMs()! <= START_MS + 100]).toEqual([4, true]);
    wheel.advance(START_MS + 100, take, 100);
    expect(new Set(gone).size).toBe(10);
  });

  it('comes to a timer ten years away', () => {
    const wheel = new DueWheel<Named>(START_MS);
    const dueMs = START_MS + 10 * YEAR_MS + 3;
    wheel.place(new Named(1), dueMs);
    let goneMs = 0;
    let wakes = 0;
    for (let nowMs = START_MS; goneMs === 0; wakes++) {
      nowMs = Math.max(nowMs + 1, wheel.nextMs()!);
      wheel.advance(nowMs, () => (goneMs = nowMs));
    }
    expect(goneMs).toBeGreaterThanOrEqual(dueMs);
    expect(wakes).toBeLessThan(10_000);
  });
});
