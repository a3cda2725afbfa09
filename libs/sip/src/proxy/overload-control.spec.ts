// Admission under overload on a fake clock: a server that does one thing after the other, with a queue before it that its probes wait in.
import { createFakeClock } from '#libs/testkit';
import { WaitProbe } from '../adapters/wait-probe.js';
import {
  LOOK_MS,
  OverloadControl,
  overloadCounts,
  type Urgency,
  WAIT_TARGET_MS,
} from './overload-control.js';

/** Requests that the queue holds; more are lost, as in a socket's buffer. */
const QUEUE_MAX = 4_000;
/** What a refusal costs of what a request costs, and how long a taken one stays inside: then its client sends the next. */
const REFUSAL_COST = 0.1;
const INSIDE_MS = 20;

type Waiting = Readonly<{ urgency: Urgency; atMs: number } | { probe: Buffer }>;
type Given = Readonly<{ more?: readonly Urgency[]; steps?: boolean }>;

/** A server that can do `perS` requests a second. */
const serverOf = (perS: number) => {
  const clock = createFakeClock(0);
  const queue: Waiting[] = [];
  const later: { atMs: number; urgency: Urgency }[] = [];
  const probe: WaitProbe = new WaitProbe(clock, Buffer.alloc(16, 7), (bytes) => add({ probe: bytes }));
  const control = new OverloadControl(clock, () => probe.look());
  let debtMs = 0;
  let asksAgain = false;
  let seen = newSeen();
  const add = (one: Waiting): void => {
    if (queue.length < QUEUE_MAX) queue.push(one);
  };
  const ask = ({ urgency, atMs }: Extract<Waiting, { urgency: Urgency }>, steps: boolean): void => {
    const isTaken = control.admits(urgency);
    debtMs += (1_000 / perS) * (isTaken ? 1 : REFUSAL_COST);
    seen.waitMsMax = Math.max(seen.waitMsMax, clock.monotonicMs() - atMs);
    seen.asked.set(urgency, (seen.asked.get(urgency) ?? 0) + 1);
    if (asksAgain) add({ urgency, atMs: clock.monotonicMs() });
    if (!isTaken) return;
    seen.taken.set(urgency, (seen.taken.get(urgency) ?? 0) + 1);
    if (steps && urgency === 'new') later.push({ atMs: clock.monotonicMs() + INSIDE_MS, urgency: 'begun' });
  };
  /** A millisecond of work. */
  const work = (steps: boolean): void => {
    for (debtMs = Math.max(0, debtMs - 1); debtMs < 1;) {
      const one = queue.shift();
      if (one === undefined) return;
      if ('probe' in one) probe.took(one.probe);
      else ask(one, steps);
    }
  };
  /** So many callers who ask again as soon as they are answered. */
  const keepBusy = (callers: number, ms: number) => {
    for (let n = 0; n < callers; n++) add({ urgency: 'new', atMs: clock.monotonicMs() });
    asksAgain = true;
    return offer(0, ms);
  };
  /** Requests at a rate for a time, evenly, of these kinds in turn; with `steps` who was let in as new asks a second time. */
  const offer = (rate: number, ms: number, urgency: Urgency = 'new', given: Given = {}) => {
    const { more = [], steps = false } = given;
    const kinds = [urgency, ...more];
    seen = newSeen();
    for (let at = 0; at < ms; at += 1) {
      const nowMs = clock.monotonicMs();
      for (let n = Math.floor((at * rate) / 1000); n < Math.floor(((at + 1) * rate) / 1000); n++)
        add({ urgency: kinds[n % kinds.length]!, atMs: nowMs });
      while (later.length > 0 && later[0]!.atMs <= nowMs)
        add({ urgency: later.shift()!.urgency, atMs: nowMs });
      work(steps);
      clock.advance(1);
    }
    const { taken, asked, waitMsMax } = seen;
    return {
      waitMsMax,
      takenPerS: ([...taken.values()].reduce((sum, n) => sum + n, 0) * 1000) / ms,
      shareOf: (kind: Urgency) => (taken.get(kind) ?? 0) / (asked.get(kind) ?? 0),
    };
  };
  return { control, keepBusy, offer, pause: (ms: number) => (debtMs += ms) };
};

const newSeen = () => ({
  taken: new Map<Urgency, number>(),
  asked: new Map<Urgency, number>(),
  waitMsMax: 0,
});

it('takes everything while there is time left', () => {
  const { control, offer } = serverOf(1_000);
  expect(offer(950, 10_000).takenPerS).toBeGreaterThan(948);
  expect(control).toMatchObject({ isLimiting: false, refused: { renewing: 0, known: 0, begun: 0, new: 0 } });
});

it('is not disturbed by callers that keep it busy and wait for their answers', () => {
  const { control, keepBusy } = serverOf(1_000);
  // Not one idle moment: what a measure of busyness takes for overload.
  const { takenPerS, waitMsMax } = keepBusy(100, 20_000);
  expect(Math.round(takenPerS)).toBe(1_000);
  expect(waitMsMax).toBeGreaterThan(90);
  expect(control.refused.new).toBe(0);
});

it('is not disturbed by one long pause', () => {
  const { control, offer, pause } = serverOf(1_000);
  offer(500, 1_000);
  pause(600);
  const { waitMsMax, shareOf } = offer(500, 3_000);
  expect(waitMsMax).toBeGreaterThan(3 * WAIT_TARGET_MS);
  expect([shareOf('new'), control.isLimiting]).toEqual([1, false]);
});

it.each([2, 4, 8])('takes what it can under %d times its load, and lets nobody wait for long', (times) => {
  const { offer } = serverOf(1_000);
  offer(600, 3_000);
  offer(times * 1_000, 5_000);
  const { takenPerS, waitMsMax } = offer(times * 1_000, 20_000);
  const possible = (1_000 - REFUSAL_COST * times * 1_000) / (1 - REFUSAL_COST);
  expect(takenPerS).toBeGreaterThan(0.85 * possible);
  expect(takenPerS).toBeLessThanOrEqual(1.05 * possible);
  expect(waitMsMax).toBeLessThan(3 * WAIT_TARGET_MS);
});

it('finishes what it has begun', () => {
  const { offer } = serverOf(1_000);
  offer(4_000, 5_000, 'new', { steps: true });
  const { shareOf, takenPerS } = offer(4_000, 20_000, 'new', { steps: true });
  expect(shareOf('begun')).toBeGreaterThan(0.95);
  expect(takenPerS).toBeGreaterThan(500);
});

it('goes on serving a tenth of its best when to refuse alone is too much', () => {
  const { offer } = serverOf(1_000);
  offer(900, 5_000);
  offer(20_000, 3_000);
  expect(offer(20_000, 10_000).takenPerS).toBeGreaterThan(80);
});

it('refuses nobody within two seconds after a minute of ten times the load', () => {
  const { control, offer } = serverOf(1_000);
  offer(800, 5_000);
  offer(8_000, 60_000);
  expect(control.isLimiting).toBe(true);
  offer(800, 2_000);
  const { shareOf, waitMsMax } = offer(800, 5_000);
  expect(shareOf('new')).toBe(1);
  expect(waitMsMax).toBeLessThan(20);
  expect(control.rate).toBe(Infinity);
});

it('refuses what is known before what renews, where there is too much of it', () => {
  const { offer } = serverOf(1_000);
  const more = ['known', 'known', 'known', 'begun', 'new'] as const;
  offer(3_000, 5_000, 'renewing', { more });
  const { shareOf } = offer(3_000, 20_000, 'renewing', { more });
  expect(shareOf('renewing')).toBeGreaterThan(0.95);
  expect(shareOf('known')).toBeLessThan(0.5);
  expect(shareOf('begun')).toBeLessThan(0.1);
  expect(shareOf('new')).toBeLessThan(0.02);
});

it('refuses what is new before what is known, and never what is urgent', () => {
  const { control, offer } = serverOf(1_000);
  const more: Urgency[] = ['renewing', 'known', 'begun', ...Array.from({ length: 16 }, () => 'new' as const)];
  offer(3_000, 5_000, 'always', { more });
  const { shareOf } = offer(3_000, 20_000, 'always', { more });
  expect(shareOf('always')).toBe(1);
  for (const kind of ['renewing', 'known', 'begun'] as const) expect(shareOf(kind)).toBeGreaterThan(0.95);
  expect(shareOf('new')).toBeLessThan(0.3);
  expect(overloadCounts(control).new()).toBe(control.refused.new);
  expect(control.refused.new).toBeGreaterThan(1_000);
});

it('looks only while there is input, and not once it is stopped', () => {
  const clock = createFakeClock(0);
  let looks = 0;
  const control = new OverloadControl(clock, () => (looks++, 0));
  expect(clock.pending).toBe(0);
  control.admits('new');
  clock.advance(60_000);
  expect(clock.pending).toBe(0);
  expect(looks).toBeLessThan(15);
  control.admits('new');
  clock.advance(LOOK_MS);
  expect(clock.pending).toBe(1);
  const idle = new OverloadControl(clock, () => 0);
  for (const stopped of [control, idle]) {
    stopped.stop();
    expect(stopped.admits('new')).toBe(true);
  }
  expect(clock.pending).toBe(0);
});
