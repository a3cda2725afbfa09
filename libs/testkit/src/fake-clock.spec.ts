// Timers of the fake clock run in due order, at their own time, and can be cancelled.
import fc from 'fast-check';
import { createFakeClock } from './fake-clock.js';

describe('fake clock', () => {
  it('runs due timers in order of due time, then of creation', () => {
    const clock = createFakeClock(0);
    const ran: string[] = [];
    clock.after(20, () => ran.push(`b@${clock.nowMs()}`));
    clock.after(10, () => ran.push(`a@${clock.nowMs()}`));
    clock.after(20, () => ran.push(`c@${clock.nowMs()}`));
    clock.after(31, () => ran.push('late'));
    clock.advance(30);
    expect(ran).toEqual(['a@10', 'b@20', 'c@20']);
    expect(clock.nowMs()).toBe(30);
    expect(clock.nextDueMs).toBe(31);
  });

  it('runs timers set by timers within the same advance', () => {
    const clock = createFakeClock(0);
    const ran: number[] = [];
    const tick = () => {
      ran.push(clock.monotonicMs());
      clock.after(10, tick);
    };
    clock.after(10, tick);
    clock.advance(35);
    expect(ran).toEqual([10, 20, 30]);
    expect(clock.pending).toBe(1);
  });

  it('does not run what was cancelled, also by an earlier timer of the same moment', () => {
    const clock = createFakeClock(0);
    let ran = false;
    clock.after(10, () => cancel());
    const cancel = clock.after(10, () => {
      ran = true;
    });
    clock.advance(100);
    expect(ran).toBe(false);
  });

  it('lets promises settle between timers', async () => {
    const clock = createFakeClock(0);
    const ran: string[] = [];
    const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
    const work = async () => {
      await wait(10);
      ran.push('first');
      await wait(10);
      ran.push('second');
    };
    const done = work();
    await clock.advanceAsync(20);
    expect(ran).toEqual(['first', 'second']);
    await done;
  });

  it('steps from timer to timer, and no further than it is told', () => {
    const clock = createFakeClock(0);
    const ran: string[] = [];
    for (const ms of [30, 10, 20, 10]) clock.after(ms, () => ran.push(`${ms}@${clock.nowMs()}`));
    expect([clock.step(5), clock.nowMs()]).toEqual([false, 0]);
    expect([clock.step(25), clock.step(25), clock.step(25), clock.step(25)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(ran).toEqual(['10@10', '10@10', '20@20']);
    expect([clock.nowMs(), clock.pending, clock.nextDueMs]).toEqual([20, 1, 30]);
  });

  it('runs whatever was not cancelled in order, in any mixture', () => {
    const timer = fc.record({ ms: fc.nat(20), isCancelled: fc.boolean() });
    fc.assert(
      fc.property(fc.array(timer), (timers) => {
        const clock = createFakeClock(0);
        const ran: number[] = [];
        const cancels = timers.map(({ ms }, n) => clock.after(ms, () => ran.push(n)));
        timers.forEach(({ isCancelled }, n) => isCancelled && cancels[n]!());
        const left = timers.flatMap(({ ms, isCancelled }, n) => (isCancelled ? [] : [{ ms, n }]));
        expect(clock.pending).toBe(left.length);
        clock.advance(20);
        expect(ran).toEqual(left.sort((a, b) => a.ms - b.ms || a.n - b.n).map(({ n }) => n));
        for (const cancel of cancels) cancel();
        expect(clock.pending).toBe(0);
      }),
    );
  });

  it('stops a chain without end', () => {
    const clock = createFakeClock(0);
    const again = (): void => void clock.after(0, again);
    again();
    expect(() => clock.advance(1)).toThrow('without end');
  });
});
