// Admission under overload on a fake clock: a server of which each taken request costs a share of its time.
import { createFakeClock } from '#libs/testkit';
import { LOOK_MS, OverloadControl, type Urgency } from './overload-control.js';

/** A server that can take `perS` requests a second, and for a tenth of that cost refuse one. */
const serverOf = (perS: number) => {
  const clock = createFakeClock(0);
  let cost = 0;
  let shareKept = 0;
  const load = (): number => {
    const busy = Math.min(1, cost / (perS * (LOOK_MS / 1000)) + shareKept);
    cost = 0;
    return busy;
  };
  const control = new OverloadControl(clock, load);
  control.start();
  /** Requests of one kind at a rate for a time, evenly; how many of them were taken a second. */
  const offer = (rate: number, ms: number, urgency: Urgency = 'new', more: readonly Urgency[] = []) => {
    const taken = new Map<Urgency, number>();
    const kinds = [urgency, ...more];
    for (let at = 0; at < ms; at += 1) {
      for (let n = Math.floor((at * rate) / 1000); n < Math.floor(((at + 1) * rate) / 1000); n++) {
        const kind = kinds[n % kinds.length]!;
        const isTaken = control.admits(kind);
        cost += isTaken ? 1 : 0.1;
        if (isTaken) taken.set(kind, (taken.get(kind) ?? 0) + 1);
      }
      clock.advance(1);
    }
    const perSecond = (kind: Urgency) => ((taken.get(kind) ?? 0) * 1000) / ms;
    return { all: kinds.reduce((sum, kind) => sum + perSecond(kind), 0), perSecond };
  };
  return { control, offer, keepFromRunning: (share: number) => (shareKept = share) };
};

it('takes everything while there is time left', () => {
  const { control, offer } = serverOf(1_000);
  expect(offer(900, 10_000).all).toBe(900);
  expect(control.rate).toBe(Infinity);
});

it('is not disturbed by one long pause', () => {
  const { control, offer, keepFromRunning } = serverOf(1_000);
  keepFromRunning(1);
  offer(500, 2 * LOOK_MS);
  keepFromRunning(0);
  expect(offer(500, 1_000).all).toBe(500);
  expect(control.isLimiting).toBe(false);
});

it('takes most of what it can under three times its load', () => {
  const { offer } = serverOf(1_000);
  offer(3_000, 3_000);
  const { all } = offer(3_000, 10_000);
  // 0.1 of the cost for each of some 2,200 that are refused leaves 780.
  expect(all).toBeGreaterThan(600);
  expect(all).toBeLessThan(1_000);
});

it('goes on serving a quarter of its best when to refuse alone is too much', () => {
  const { offer } = serverOf(1_000);
  offer(900, 5_000);
  offer(20_000, 3_000);
  expect(offer(20_000, 10_000).all).toBeGreaterThan(200);
});

it('refuses nobody within two seconds after sixty of ten times the load', () => {
  const { control, offer } = serverOf(1_000);
  offer(800, 5_000);
  offer(8_000, 60_000);
  expect(control.isLimiting).toBe(true);
  offer(800, 2_000);
  expect(offer(800, 5_000).all).toBe(800);
  expect(control.rate).toBe(Infinity);
});

it('refuses what is new before what is known, and never what is urgent', () => {
  const { offer } = serverOf(1_000);
  offer(3_000, 3_000);
  const { perSecond } = offer(3_000, 10_000, 'always', ['known', 'new', 'new', 'new', 'new']);
  expect(perSecond('always')).toBeCloseTo(500, 0);
  // As many of each are asked: 500 known, 2,000 new.
  expect(perSecond('known') / 500).toBeGreaterThan(2 * (perSecond('new') / 2_000));
});

it('looks no more once it is stopped', () => {
  const clock = createFakeClock(0);
  let looks = 0;
  const control = new OverloadControl(clock, () => (looks++, 1));
  control.start();
  clock.advance(LOOK_MS);
  control.stop();
  clock.advance(10 * LOOK_MS);
  expect(looks).toBe(2); // the first begins the measure
});
