import { AppendRefused, AppendUnknown, RevisionConflict } from '#libs/event-log';
import { createFakeClock } from '#libs/testkit';
import { LogOutage, toldByCalls } from './log-outage.js';

const GRACE_MS = 300_000;

const newLog = () => {
  const clock = createFakeClock(0);
  const outage = new LogOutage(clock, GRACE_MS);
  return {
    append: (error?: Error) => (error === undefined ? outage.taken() : outage.failed(error)),
    at: (ms: number) => clock.advance(ms - clock.nowMs()),
    judged: () => outage.judgedAtMs(clock.nowMs()),
    expiries: () => outage.expiriesMax(clock.nowMs(), 10),
  };
};

it('judges by now while the log works', () => {
  const { append, at, judged } = newLog();
  append();
  at(5_000);
  expect(judged()).toBe(5_000);
});

it.each([new AppendRefused('full'), new AppendUnknown('late')])(
  'stands still from the first failure on: %s',
  (error) => {
    const { append, at, judged } = newLog();
    at(1_000);
    append(error);
    at(2_000);
    append(error);
    at(2_000 + GRACE_MS - 1);
    expect(judged()).toBe(1_000);
  },
);

it('goes on when the log has been back for as long as a registration lasts', () => {
  const { append, at, judged } = newLog();
  at(1_000);
  append(new AppendRefused('full'));
  at(10_000);
  append();
  at(200_000);
  append();
  at(10_000 + GRACE_MS - 1);
  expect(judged()).toBe(1_000);
  at(10_000 + GRACE_MS);
  expect(judged()).toBe(10_000 + GRACE_MS);
});

it('counts anew when it fails again meanwhile', () => {
  const { append, at, judged } = newLog();
  at(1_000);
  append(new AppendRefused('full'));
  at(2_000);
  append();
  at(3_000);
  append(new AppendRefused('full'));
  at(2_000 + GRACE_MS);
  expect(judged()).toBe(1_000);
});

it('lets one expiry try when nobody has for as long as a registration lasts, and stands still all the same', () => {
  const { append, at, judged, expiries } = newLog();
  expect(expiries()).toBe(10);
  at(1_000);
  append(new AppendRefused('full'));
  at(1_000 + GRACE_MS - 1);
  expect(expiries()).toBe(0);
  at(1_000 + GRACE_MS);
  expect(expiries()).toBe(1);
  expect(judged()).toBe(1_000);
  append(new AppendRefused('full'));
  expect(expiries()).toBe(0);
  at(1_000 + 2 * GRACE_MS);
  expect(expiries()).toBe(1);
  append();
  expect(expiries()).toBe(0);
  expect(judged()).toBe(1_000);
  at(1_000 + 3 * GRACE_MS);
  expect(expiries()).toBe(10);
});

it('does not take a conflict for an outage', () => {
  const { append, at, judged } = newLog();
  append(new RevisionConflict('s', 1, 2));
  at(5_000);
  expect(judged()).toBe(5_000);
});

it('is told by facts of calls, and so is its end', () => {
  const clock = createFakeClock(0);
  const outage = new LogOutage(clock, GRACE_MS);
  const faults: string[] = [];
  const told = toldByCalls(outage, { fault: (kind) => void faults.push(kind) });
  told.failed(new AppendRefused('full'));
  clock.advance(1_000);
  expect(outage.judgedAtMs(clock.nowMs())).toBe(0);
  told.taken();
  clock.advance(GRACE_MS);
  expect(outage.judgedAtMs(clock.nowMs())).toBe(1_000 + GRACE_MS);
  told.dropped();
  expect(faults).toEqual(['call-record', 'call-record-dropped']);
});
