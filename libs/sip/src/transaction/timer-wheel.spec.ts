import { jest } from '@jest/globals';
import fc from 'fast-check';
import { driveTimers, TICK_MS, TimerNode, TimerWheel } from './timer-wheel.js';

const wheelAt = (startMs: number) => {
  const clock = { now: startMs, monotonicMs: () => clock.now };
  const wheel = new TimerWheel(clock);
  const fired: { name: number; atMs: number }[] = [];
  const owner = { timer: (kind: number) => void fired.push({ name: kind, atMs: clock.now }) };
  /** Time passes as in production: a tick at a time, or in larger jumps. */
  const pass = (ms: number, stepMs = TICK_MS): void => {
    for (const until = clock.now + ms; clock.now < until;) {
      clock.now = Math.min(clock.now + stepMs, until);
      wheel.advance();
    }
  };
  return { clock, wheel, fired, owner, pass };
};

it.each([1, 9, 10, 11, 500, 2_559, 2_560, 2_561, 32_000, 163_839, 163_841, 180_000, 10_485_761, 20_000_000])(
  'fires %d ms later, at most a tick late and never early',
  (delayMs) => {
    const { wheel, fired, owner, pass, clock } = wheelAt(12_347);
    wheel.schedule(delayMs, owner, 1);
    expect(wheel.nextDeadlineMs()).toBeGreaterThanOrEqual(clock.now + delayMs);
    if (delayMs > 10_000) pass(delayMs - 5_000, 1_000);
    pass(Math.min(delayMs, 5_000) + 2 * TICK_MS);
    expect(fired).toHaveLength(1);
    expect(fired[0]!.atMs - 12_347).toBeGreaterThanOrEqual(delayMs);
    expect(fired[0]!.atMs - 12_347).toBeLessThan(delayMs + 2 * TICK_MS);
    expect(wheel.size).toBe(0);
  },
);

it('does not fire what was stopped, and fires what was started again at its new time only', () => {
  const { wheel, fired, owner, pass } = wheelAt(0);
  const stopped = wheel.schedule(100, owner, 1);
  const moved = wheel.schedule(100, owner, 2);
  wheel.start(moved, 5_000);
  wheel.stop(stopped);
  wheel.stop(stopped);
  pass(4_990);
  expect(fired).toEqual([]);
  pass(20);
  expect(fired.map(({ name }) => name)).toEqual([2]);
  expect(stopped.running || moved.running).toBe(false);
});

it('lets an owner start and stop timers of the same tick while it is told', () => {
  const { wheel, pass } = wheelAt(0);
  const told: string[] = [];
  const other = { timer: () => void told.push('other') };
  const victim = new TimerNode(other, 0);
  let again = 3;
  const self: { timer(): void } = {
    timer() {
      told.push('self');
      wheel.stop(victim);
      if (--again > 0) wheel.schedule(0, self, 0);
    },
  };
  wheel.start(victim, 50);
  wheel.schedule(50, self, 0); // later in, first out
  pass(50);
  expect(told.filter((who) => who === 'self')).toHaveLength(1); // what is due at once waits for the next tick
  pass(60);
  expect(told).toEqual(['self', 'self', 'self']);
});

it('takes up the present when it has idled', () => {
  const { wheel, fired, owner, clock, pass } = wheelAt(0);
  clock.now = 5_000_000; // nothing drove it meanwhile
  wheel.schedule(500, owner, 1);
  wheel.advance();
  expect(fired).toEqual([]);
  pass(510);
  expect(fired).toHaveLength(1);
});

it('says when something is due before what it was to be woken for', () => {
  const { wheel, owner, pass } = wheelAt(0);
  const told: number[] = [];
  wheel.onSooner = (atMs) => void told.push(atMs);
  wheel.schedule(20, owner, 1);
  wheel.schedule(30, owner, 2);
  wheel.schedule(10, owner, 3);
  expect(told).toEqual([20, 10]);
  expect(wheel.nextWakeMs()).toBe(10);
  pass(40);
  expect(wheel.nextWakeMs()).toBeUndefined();
  wheel.schedule(10, owner, 1);
  expect(told).toEqual([20, 10, 50]);
});

it('fires in time when it is looked at only where it says that it must be', () => {
  const step = fc.record({
    delayMs: fc.oneof(fc.nat(100), fc.nat(5_000), fc.nat(400_000)),
    waitMs: fc.nat(9_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(1_000_000), (steps, startMs) => {
      const { clock, wheel, fired, owner } = wheelAt(startMs);
      let wakeMs = Infinity;
      wheel.onSooner = (atMs) => {
        expect(atMs).toBeLessThan(wakeMs);
        wakeMs = atMs;
      };
      const due: number[] = [];
      const sleepUntil = (untilMs: number): void => {
        while (wakeMs <= untilMs) {
          clock.now = Math.max(clock.now, wakeMs);
          wheel.advance();
          wakeMs = wheel.nextWakeMs() ?? Infinity;
        }
        clock.now = Math.max(clock.now, untilMs);
      };
      for (const { delayMs, waitMs } of steps) {
        due.push(clock.now + delayMs);
        wheel.schedule(delayMs, owner, due.length - 1);
        sleepUntil(clock.now + waitMs);
      }
      sleepUntil(clock.now + 500_000);
      expect(fired).toHaveLength(due.length);
      for (const { name, atMs } of fired) {
        expect(atMs).toBeGreaterThanOrEqual(due[name]!);
        expect(atMs).toBeLessThan(due[name]! + 2 * TICK_MS);
      }
    }),
  );
});

it('agrees with a sorted list under any starts, stops and jumps', () => {
  const step = fc.record({
    timer: fc.nat(19),
    delayMs: fc.oneof(fc.nat(100), fc.nat(5_000), fc.nat(400_000)),
    stop: fc.boolean(),
    jumpMs: fc.oneof(fc.constant(0), fc.nat(40), fc.nat(3_000), fc.nat(200_000)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(1_000_000), (steps, startMs) => {
      const { clock, wheel, fired, owner } = wheelAt(startMs);
      const nodes = Array.from({ length: 20 }, (_, name) => new TimerNode(owner, name));
      const due = new Map<number, number>();
      for (const { timer, delayMs, stop, jumpMs } of steps) {
        if (stop) {
          wheel.stop(nodes[timer]!);
          due.delete(timer);
        } else {
          wheel.start(nodes[timer]!, delayMs);
          due.set(timer, clock.now + delayMs);
        }
        clock.now += jumpMs;
        wheel.advance();
        for (const { name } of fired.splice(0)) {
          expect(due.get(name)).toBeLessThanOrEqual(clock.now);
          due.delete(name);
        }
        for (const atMs of due.values()) expect(atMs).toBeGreaterThan(clock.now - 2 * TICK_MS);
        expect(wheel.size).toBe(due.size);
        const ticks = nodes.flatMap(({ running, tick }) => (running ? [tick] : []));
        expect(wheel.nextDeadlineMs()).toBe(ticks.length === 0 ? undefined : Math.min(...ticks) * TICK_MS);
      }
    }),
  );
});

describe('the driver', () => {
  afterEach(() => void jest.useRealTimers());

  it('has one timeout, while a timer runs', () => {
    jest.useFakeTimers();
    const { clock, wheel, fired, owner } = wheelAt(0);
    const pass = (ms: number): void => {
      for (let passed = 0; passed < ms; passed += TICK_MS) {
        clock.now += TICK_MS;
        jest.advanceTimersByTime(TICK_MS);
      }
    };
    wheel.schedule(50, owner, 1); // before it is driven
    const stop = driveTimers(wheel);
    wheel.schedule(100, owner, 2);
    expect(jest.getTimerCount()).toBe(1);
    pass(120);
    expect(fired.map(({ name }) => name)).toEqual([1, 2]);
    expect(jest.getTimerCount()).toBe(0);
    pass(1_000);
    wheel.schedule(30, owner, 3);
    expect(jest.getTimerCount()).toBe(1);
    pass(50);
    expect(fired).toHaveLength(3);
    wheel.schedule(30, owner, 4);
    stop();
    expect(jest.getTimerCount()).toBe(0);
    wheel.schedule(30, owner, 5);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('sleeps while nothing is due: a timer of half a minute costs no hundred looks a second', () => {
    jest.useFakeTimers();
    const { clock, wheel, fired, owner } = wheelAt(0);
    const looks = jest.spyOn(wheel, 'advance');
    const stop = driveTimers(wheel);
    wheel.schedule(32_000, owner, 1);
    for (; clock.now < 32_000; clock.now += 1) jest.advanceTimersByTime(1);
    jest.advanceTimersByTime(TICK_MS);
    expect(fired).toHaveLength(1);
    expect(looks.mock.calls.length).toBeLessThan(20);
    stop();
  });
});
