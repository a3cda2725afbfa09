// What pops when: given timers and a receiver, the callbacks and what the log says of them (backend.md §6.2, §12 items 9 and 10).
import { AppendRefused, createSoleOwner, type EmbeddedLog, type OwnershipChange, type PartitionOwners } from '#libs/event-log'; // prettier-ignore
import { createFakeClock, type FakeClock, settle } from '#libs/testkit';
import { type Life, type LifeOptions, Receiver, request, startLife } from './chronos.fixture.js';
import { LOOK_AGAIN_MS, SETTLE_MS } from './popper.js';
import { createSteadyTime } from './steady-time.js';

let clock: FakeClock;
let receiver: Receiver;
let lives: Life[];
beforeEach(() => {
  clock = createFakeClock();
  receiver = new Receiver(() => clock.nowMs());
  lives = [];
});
afterEach(() => Promise.all(lives.map((life) => life.stop())));

const start = async (options: Partial<LifeOptions> = {}): Promise<Life> => {
  const life = await startLife({ clock, receiver, ...options });
  lives.push(life);
  return life;
};
const set = async ({ chronos }: Life, ...of: Parameters<typeof request>): Promise<string> => {
  const answer = await chronos.set(request(...of));
  await settle();
  if (answer.status !== 200) throw new Error(answer.reason);
  return answer.name.id;
};
const numbers = (): number[] => receiver.called.map(({ sequence }) => sequence);
const eventsOf = async (log: EmbeddedLog, id: string): Promise<string[]> => {
  const types: string[] = [];
  for await (const { event } of log.read(`timer-${id}`)) types.push(event.type);
  return types;
};

describe('a timer', () => {
  it.each([
    ['once', 10, undefined, [1]],
    ['repetition as long as the interval', 10, 10, [1]],
    ['two and a half intervals', 10, 25, [1, 2]],
    ['half an interval', 10, 5, [1]],
  ])('pops as often as its repetition holds intervals: %s', async (_what, interval, repeat, expected) => {
    const life = await start();
    const startMs = clock.nowMs();
    const id = await set(life, interval, repeat);
    await clock.advanceAsync(interval * 1000 - 1);
    expect(receiver.called).toEqual([]);
    await clock.advanceAsync(100_000);
    expect(numbers()).toEqual(expected);
    for (const { sequence, atMs } of receiver.called) {
      expect(atMs).toBeGreaterThanOrEqual(startMs + sequence * interval * 1000);
      expect(atMs).toBeLessThanOrEqual(startMs + sequence * interval * 1000 + 10);
    }
    expect(await eventsOf(life.log, id)).toEqual(['TimerSet', ...expected.map(() => 'TimerPopped')]);
    expect(life.due.timers.size).toBe(0);
  });

  it('with no interval pops at once, once', async () => {
    const life = await start();
    await set(life, 0, 0);
    await clock.advanceAsync(20);
    expect(numbers()).toEqual([1]);
  });

  it('that is set anew before it pops begins anew', async () => {
    const life = await start();
    const id = await set(life, 10);
    await clock.advanceAsync(6_000);
    await life.chronos.set(request(10), { id, replicationFactor: 2 });
    await clock.advanceAsync(6_000);
    expect(receiver.called).toEqual([]);
    await clock.advanceAsync(5_000);
    expect(numbers()).toEqual([1]);
  });

  it('that is cancelled never pops, also when it is cancelled while its callback is under way', async () => {
    const life = await start();
    const [a, b] = [await set(life, 10, 50), await set(life, 20)];
    await life.chronos.cancel({ id: b, replicationFactor: 2 });
    const taken = Promise.withResolvers<{ ok: true; body: string }>();
    receiver.answer = () => taken.promise;
    await clock.advanceAsync(11_000);
    await life.chronos.cancel({ id: a, replicationFactor: 2 });
    await settle();
    taken.resolve({ ok: true, body: '' });
    await clock.advanceAsync(100_000);
    expect(numbers()).toEqual([1]);
    expect(await eventsOf(life.log, a)).toEqual(['TimerSet', 'TimerCancelled']);
  });

  it('years away waits', async () => {
    const life = await start();
    await set(life, 5 * 365 * 86_400);
    await clock.advanceAsync(3_600_000);
    expect([receiver.called.length, life.due.timers.size]).toEqual([0, 1]);
    expect(life.due.nextMs()).toBeGreaterThan(clock.nowMs());
  });

  it('counts in the statistics of its tags, for as long as it runs', async () => {
    const life = await start();
    const tags = { statistics: { 'tag-info': [{ type: 'CALL' }, { type: 'REG', count: 3 }, { type: 'REG' }] } };
    const id = await set(life, 10, 10, tags);
    expect(life.chronos.statistics().tags).toEqual({ CALL: 1, REG: 4 });
    expect(life.chronos.list({ limit: 10, tag: 'REG' }).map((each) => each.id)).toEqual([id]);
    await clock.advanceAsync(11_000);
    expect(life.chronos.statistics()).toMatchObject({ timers: 0, tags: {} });
  });
}); // prettier-ignore

describe('a callback that nobody takes', () => {
  const refuse = () => ({ ok: false, reason: 'status 500' }) as const;

  it('is tried again with growing pauses, then it is a dead letter; the next ones go on', async () => {
    const life = await start();
    receiver.answer = refuse;
    const id = await set(life, 100, 200);
    await clock.advanceAsync(130_000);
    const gaps = receiver.called.map(({ atMs }, i) => atMs - (receiver.called[i - 1]?.atMs ?? atMs));
    expect(numbers()).toEqual([1, 1, 1, 1]);
    for (const [i, least] of [0, 800, 1_600, 3_200].entries()) {
      expect(gaps[i]).toBeGreaterThanOrEqual(least);
      expect(gaps[i]).toBeLessThanOrEqual(least * 1.5 + 10);
    }
    expect(life.gaveUp).toEqual([`${id} status 500`]);
    receiver.answer = () => ({ ok: true, body: '' });
    await clock.advanceAsync(100_000);
    expect(numbers()).toEqual([1, 1, 1, 1, 2]);
    expect(await eventsOf(life.log, id)).toEqual(['TimerSet', 'CallbackFailed', 'TimerPopped']);
  });

  it('gives way to the next one of its timer', async () => {
    const life = await start();
    receiver.answer = refuse;
    await set(life, 2, 6);
    await clock.advanceAsync(4_100);
    expect(Math.max(...numbers())).toBe(2);
    expect(life.chronos.deadLetters.list(10).map(({ sequence }) => sequence)).toEqual([1]);
  });

  it('is sent again with its number on demand, or thrown away', async () => {
    const life = await start({ triesMax: 1 });
    receiver.answer = refuse;
    await set(life, 10, 20);
    await clock.advanceAsync(21_000);
    const [second, first] = life.chronos.deadLetters.list(10);
    expect([first?.sequence, second?.sequence, first?.reason]).toEqual([1, 2, 'status 500']);
    expect(await life.chronos.deadLetters.replay(first!.id)).toEqual({ reason: 'status 500' });
    receiver.answer = () => ({ ok: true, body: '' });
    expect(await life.chronos.deadLetters.replay(first!.id)).toBe('delivered');
    expect(receiver.called.at(-1)).toMatchObject({ sequence: 1, opaque: 'o' });
    expect(await life.chronos.deadLetters.discard(second!.id)).toBe(true);
    await settle();
    expect(life.chronos.deadLetters.list(10)).toEqual([]);
    expect(await life.chronos.deadLetters.replay(first!.id)).toBe('unknown');
    expect(await life.chronos.deadLetters.discard(first!.id)).toBe(false);
  });
});

describe('a log that takes nothing', () => {
  it('is asked again until it has what popped; the callback is not made again for it', async () => {
    let refuses = false;
    const life = await start({
      appends: (log) => ({
        append: (...of) => (refuses ? Promise.reject(new AppendRefused('full')) : log.append(...of)),
      }),
    });
    const id = await set(life, 10, 20);
    refuses = true;
    expect(await life.chronos.set(request(10))).toMatchObject({ status: 500 });
    await clock.advanceAsync(15_000);
    expect(numbers()).toEqual([1]);
    refuses = false;
    await clock.advanceAsync(6_000);
    expect(numbers()).toEqual([1, 2]);
    expect(await eventsOf(life.log, id)).toEqual(['TimerSet', 'TimerPopped', 'TimerPopped']);
  });
});

describe('who owns', () => {
  /** Two partitions, as a test hands them out. */
  const handedOut = (): PartitionOwners & { give(change: OwnershipChange): void } => {
    const owned = new Set<number>();
    let told = (_change: OwnershipChange): void => undefined;
    return {
      ...createSoleOwner(),
      partitions: 2,
      partitionOf: (stream) => Number.parseInt(stream.slice(-1), 16) % 2,
      owns: (partition) => owned.has(partition),
      onChange: (listener) => {
        told = listener;
        return () => undefined;
      },
      give(change) {
        for (const each of change.gained) owned.add(each);
        for (const each of change.lost) owned.delete(each);
        told(change);
      },
    };
  };

  it('pops; the others wait until it is popped, or theirs', async () => {
    const owners = handedOut();
    const life = await start({ owners });
    for (const id of ['0000000000000000', '0000000000000001'])
      await life.chronos.set(request(10), { id, replicationFactor: 1 });
    owners.give({ gained: [0], lost: [] });
    await clock.advanceAsync(15_000);
    expect(receiver.called.length).toBe(1);
    expect([...life.due.timers.keys()]).toEqual(['0000000000000001']);
    owners.give({ gained: [1], lost: [0] });
    await clock.advanceAsync(SETTLE_MS - 1);
    expect(receiver.called.length).toBe(1);
    await clock.advanceAsync(LOOK_AGAIN_MS + 10);
    expect(receiver.called.length).toBe(2);
  });
});

describe('expiries of bindings', () => {
  it('are told to a router, with nobody having set a timer, until it has seen to them', async () => {
    const life = await start({ withBindings: true });
    const data = { bindingId: 'c', expiresAtMs: clock.nowMs() + 60_000 };
    await life.log.append('registration-sip:a@t', [{ type: 'BindingAdded', data }]);
    receiver.answer = () => ({ ok: false, reason: 'status 500' });
    await clock.advanceAsync(61_000);
    expect(receiver.called).toMatchObject([{ uri: 'http://sprout/timers', opaque: '{"aor_id":"sip:a@t"}' }]);
    receiver.answer = () => ({ ok: true, body: '' });
    await clock.advanceAsync(60_000);
    expect([receiver.called.length, life.due.bindings.size]).toEqual([2, 0]);
  });
});

describe('steps of the machine’s clock', () => {
  it('move nothing that is due; slow drift is followed', () => {
    let stepMs = 0;
    const machine = { nowMs: () => clock.nowMs() + stepMs, monotonicMs: () => clock.monotonicMs() };
    const time = createSteadyTime(machine);
    const startMs = clock.nowMs();
    clock.advance(10_000);
    stepMs = 3_600_000;
    expect(time.nowMs()).toBeCloseTo(startMs + 10_000, -2);
    stepMs = -3_600_000;
    clock.advance(10_000);
    expect(time.nowMs()).toBeCloseTo(startMs + 20_000, -2);
    expect(time.offMs()).toBeLessThan(-3_500_000);
    let beforeMs = time.nowMs();
    for (let i = 0; i < 100; i++) {
      clock.advance(100);
      stepMs = i % 2 === 0 ? 1e9 : -1e9;
      expect(time.nowMs()).toBeGreaterThan(beforeMs);
      beforeMs = time.nowMs();
    }
    const drifting = createSteadyTime({ nowMs: () => clock.nowMs() + clock.monotonicMs() * 0.0001, monotonicMs: () => clock.monotonicMs() }); // prettier-ignore
    for (let i = 0; i < 1_000; i++) {
      clock.advance(1_000);
      drifting.nowMs();
    }
    expect(Math.abs(drifting.offMs())).toBeLessThan(1);
  });
});
