// The answers kept for retransmissions (RFC 3261 §17.2.2, timer J), against a plain Map.
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { REPLAY_ANSWER_BYTES_MAX, type ReplayLimits, ReplayStore } from './replay-store.js';
import { TimerWheel } from './timer-wheel.js';

const clockAt = (startMs = 0) => {
  const clock = { nowMs: startMs, monotonicMs: () => clock.nowMs };
  return clock;
};
/** Few hashes, so that many keys share one. */
const hashOf = (key: string): number => key.length * 7 + key.charCodeAt(key.length - 1);

class Replays {
  private readonly store: ReplayStore;
  private readonly counters = { replaysForgotten: 0 };
  readonly timers: TimerWheel;
  constructor(clock: ReturnType<typeof clockAt>, limits: Partial<ReplayLimits> = {}) {
    this.timers = new TimerWheel(clock);
    this.store = new ReplayStore(this.timers, this.counters, limits);
  }
  get size(): number {
    return this.store.size;
  }
  get forgotten(): number {
    return this.counters.replaysForgotten;
  }
  add(key: string, answer: string, lifeMs: number): void {
    this.store.add(key, hashOf(key), answer, lifeMs);
  }
  find(key: string): string | undefined {
    return this.store.find(key, hashOf(key));
  }
}

const LIFE_MS = 32_000;

describe('answers for retransmissions', () => {
  it('gives an answer back until its time is over, to the millisecond', () => {
    const clock = clockAt();
    const replays = new Replays(clock);
    replays.add('z9hG4bK1 a.test MESSAGE', 'SIP/2.0 200 OK', LIFE_MS);
    clock.nowMs = LIFE_MS - 1;
    expect(replays.find('z9hG4bK1 a.test MESSAGE')).toBe('SIP/2.0 200 OK');
    expect(replays.find('z9hG4bK1 a.test OPTIONS')).toBeUndefined();
    clock.nowMs = LIFE_MS;
    expect(replays.find('z9hG4bK1 a.test MESSAGE')).toBeUndefined();
  });

  it('uses the room of what is over again', () => {
    const clock = clockAt();
    const replays = new Replays(clock, { bytesMax: 65_536, chunkBytes: 4_096 });
    for (let round = 0; round < 50; round++) {
      for (let index = 0; index < 20; index++) replays.add(`key ${round} ${index}`, 'x'.repeat(500), LIFE_MS);
      expect(replays.find(`key ${round} 0`)).toBeDefined();
      clock.nowMs += LIFE_MS;
    }
    expect(replays.size).toBeLessThanOrEqual(40);
    expect(replays.forgotten).toBe(0);
  });

  it('gives back what a burst needed more, once its time is over', () => {
    const clock = clockAt();
    const replays = new Replays(clock, { bytesMax: 65_536, chunkBytes: 4_096 });
    const add = (name: string, answers: number): void => {
      for (let index = 0; index < answers; index++) replays.add(`${name} ${index}`, 'x'.repeat(500), LIFE_MS);
    };
    add('few', 5);
    expect(replays.timers.size).toBe(0);
    add('burst', 60);
    clock.nowMs += LIFE_MS / 2;
    replays.timers.advance();
    add('late', 20);
    expect(replays.size).toBe(85);
    clock.nowMs += LIFE_MS / 2 + 10;
    replays.timers.advance();
    expect(replays.size).toBeLessThan(30);
    expect(replays.find('burst 59')).toBeUndefined();
    for (const index of [0, 19]) expect(replays.find(`late ${index}`)).toBe('x'.repeat(500));
    clock.nowMs += 2 * LIFE_MS;
    replays.timers.advance();
    expect(replays.timers.size).toBe(0);
    add('again', 30);
    expect(replays.find('again 0')).toBe('x'.repeat(500));
    expect(replays.forgotten).toBe(0);
  });

  it('makes next to no chunk anew under a steady load, and gives all back when that is over', () => {
    const clock = clockAt();
    const replays = new Replays(clock, { bytesMax: 1_048_576, chunkBytes: 4_096 });
    const made = jest.spyOn(Buffer, 'from');
    const serve = (seconds: number): void => {
      for (let second = 0; second < seconds; second++) {
        for (let index = 0; index < 20; index++)
          replays.add(`${clock.nowMs} ${index}`, 'x'.repeat(500), LIFE_MS);
        clock.nowMs += 1_000;
        replays.timers.advance();
      }
    };
    serve(50);
    const before = made.mock.calls.length;
    serve(200);
    expect(made.mock.calls.length).toBeLessThan(before + 120); // of some 600 that were begun
    made.mockRestore();
    for (let passed = 0; passed < 41; passed++) {
      clock.nowMs += 1_000;
      replays.timers.advance();
    }
    expect(replays.size).toBeLessThan(9);
    expect(replays.timers.size).toBe(0);
    expect(replays.forgotten).toBe(0);
  });

  it('forgets the oldest at its bound, never the youngest', () => {
    const replays = new Replays(clockAt(), { bytesMax: 8_192, chunkBytes: 2_048 });
    for (let index = 0; index < 100; index++) replays.add(`key ${index}`, 'x'.repeat(700), LIFE_MS);
    // Two a chunk, four chunks.
    expect(replays.size).toBe(8);
    expect(replays.forgotten).toBe(92);
    expect(replays.find('key 91')).toBeUndefined();
    for (let index = 92; index < 100; index++) expect(replays.find(`key ${index}`)).toBe('x'.repeat(700));
  });

  it('keeps no answer that is longer than all its room, and what it has', () => {
    const replays = new Replays(clockAt(), { bytesMax: 4_096 });
    replays.add('short', 'answer', LIFE_MS);
    replays.add('long', 'x'.repeat(4_093), LIFE_MS);
    expect(replays.find('long')).toBeUndefined();
    const large = new Replays(clockAt());
    large.add('long', 'x'.repeat(REPLAY_ANSWER_BYTES_MAX), LIFE_MS);
    expect(large.size).toBe(0);
    expect(replays.find('short')).toBe('answer');
  });

  it('looks at no more than a few of one hash, however many there are', () => {
    const store = new ReplayStore(new TimerWheel(clockAt()), { replaysForgotten: 0 });
    for (let index = 0; index < 50_000; index++) store.add(`key ${index}`, 1, 'answer', LIFE_MS);
    expect(store.find('key 49999', 1)).toBe('answer');
    expect(store.find('key 0', 1)).toBeUndefined();
  });

  it('is the same as a Map, whatever is asked in whatever order (within its bound)', () => {
    const step = fc.oneof(
      fc.record({ add: fc.nat(300), length: fc.nat(3_000) }),
      fc.record({ find: fc.nat(300) }),
      fc.record({ wait: fc.nat(9_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const clock = clockAt(5);
        const replays = new Replays(clock, { chunkBytes: 16_384 });
        const model = new Map<string, { answer: string; untilMs: number }>();
        for (const [index, one] of steps.entries()) {
          if ('wait' in one) {
            clock.nowMs += one.wait;
            replays.timers.advance();
          } else if ('add' in one) {
            const key = `key ${one.add}`;
            // A key is added once as long as it is held: what is found is not answered anew.
            if ((model.get(key)?.untilMs ?? 0) > clock.nowMs) continue;
            const answer = `${index} é `.repeat(1 + (one.length % 7)).padEnd(one.length, 'y');
            replays.add(key, answer, LIFE_MS);
            model.set(key, { answer, untilMs: clock.nowMs + LIFE_MS });
          } else {
            const kept = model.get(`key ${one.find}`);
            const expected = kept !== undefined && kept.untilMs > clock.nowMs ? kept.answer : undefined;
            expect(replays.find(`key ${one.find}`)).toBe(expected);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('serves at its bound for as long as it runs', () => {
    const clock = clockAt();
    const replays = new Replays(clock, { bytesMax: 262_144, chunkBytes: 65_536 });
    for (let index = 0; index < 20_000; index++) {
      clock.nowMs += 1;
      replays.add(`key ${index}`, String(index).repeat(1 + (index % 200)), LIFE_MS);
      const back = index - 100;
      if (back >= 0) expect(replays.find(`key ${back}`)).toBe(String(back).repeat(1 + (back % 200)));
    }
  });
});
