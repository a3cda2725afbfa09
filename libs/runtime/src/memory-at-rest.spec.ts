import type { Clock } from './clock.port.js';
import { giveBackAtRest } from './memory-at-rest.js';

const MIB = 1_048_576;

/** One timer at a time, as there is. */
const handClock = () => {
  let nowMs = 0;
  let timer: { atMs: number; run: () => void } | undefined;
  const clock: Pick<Clock, 'monotonicMs' | 'after'> = {
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      timer = { atMs: nowMs + delayMs, run };
      return () => void (timer = undefined);
    },
  };
  const advance = (ms: number): void => {
    nowMs += ms;
    if (timer !== undefined && timer.atMs <= nowMs) timer.run();
  };
  return { clock, advance };
};

/** A process that takes `share` of a core and holds `mib`; what V8 was asked, with the second of it. */
const observed = () => {
  const { clock, advance } = handClock();
  const state = { share: 0, mib: 200, usedUs: 0, asked: [] as string[], seconds: 0 };
  const stop = giveBackAtRest({
    clock,
    cpuUs: () => state.usedUs,
    residentBytes: () => state.mib * MIB,
    favourSize: (isFavoured) => void state.asked.push(`${isFavoured ? 'size' : 'speed'} at ${state.seconds}`),
  });
  const pass = (seconds: number, share: number): void => {
    for (let second = 0; second < seconds; second++) {
      state.usedUs += share * 1e6;
      state.seconds++;
      advance(1_000);
    }
  };
  return { state, stop, pass };
};

it('asks V8 to favour size once load is over for ten seconds, and for speed again when that is done', () => {
  const { state, pass } = observed();
  pass(20, 0.8);
  expect(state.asked).toEqual([]);
  state.mib = 700;
  pass(60, 0.01);
  expect(state.asked).toEqual(['size at 30', 'speed at 50']);
});

it('asks once: a collection is no load, and what did not grow has nothing to give back', () => {
  const { state, pass } = observed();
  pass(20, 0.01);
  pass(2, 1); // the collection
  pass(600, 0.01);
  expect(state.asked).toHaveLength(2);
  state.mib = 260;
  pass(100, 0.01);
  expect(state.asked).toHaveLength(4);
  pass(100, 0.2); // neither rest nor load
  expect(state.asked).toHaveLength(4);
});

it('asks for speed at once when load comes back', () => {
  const { state, pass } = observed();
  pass(12, 0.01);
  expect(state.asked).toEqual(['size at 10']);
  pass(4, 0.9);
  expect(state.asked).toEqual(['size at 10', 'speed at 16']);
});

it('leaves V8 as it was when it is stopped', () => {
  const { state, pass, stop } = observed();
  pass(12, 0.01);
  stop();
  pass(100, 0.01);
  expect(state.asked).toEqual(['size at 10', 'speed at 12']);
});
