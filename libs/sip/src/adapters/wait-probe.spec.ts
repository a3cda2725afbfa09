import { createFakeClock } from '#libs/testkit';
import { PROBES_MAX, SILENCE_MS_MAX, WaitProbe } from './wait-probe.js';

const probed = () => {
  const clock = createFakeClock(0);
  const sent: Buffer[] = [];
  const key = Buffer.alloc(16, 9);
  const probe = new WaitProbe(clock, key, (bytes) => sent.push(bytes));
  return { clock, sent, probe, look: (afterMs = 100) => (clock.advance(afterMs), probe.look()) };
};

it('knows nothing before one has come back', () => {
  const { look } = probed();
  expect([look(), look(), look()]).toEqual([0, 0, 0]);
});

it('tells how long the newest took that came back, and how long the next has been under way', () => {
  const { clock, sent, probe, look } = probed();
  look();
  clock.advance(30);
  expect(probe.took(sent[0]!)).toBe(true);
  expect(look()).toBe(30);
  expect(look(200)).toBe(200); // the second has not come
  clock.advance(50);
  probe.took(sent[1]!);
  expect(look()).toBe(250);
});

it('takes one that a newer one has overtaken for lost', () => {
  const { clock, sent, probe, look } = probed();
  for (let n = 0; n < 3; n++) look();
  clock.advance(20);
  probe.took(sent[2]!);
  clock.advance(1_000);
  expect(probe.took(sent[0]!)).toBe(true);
  expect(probe.look()).toBe(20);
});

it('counts what is under way up to a bound', () => {
  const { sent, probe, look } = probed();
  look();
  probe.took(sent[0]!);
  for (let n = 0; n < 3 * PROBES_MAX; n++) look();
  expect(look()).toBe(PROBES_MAX * 100);
  expect(probe.took(sent[1]!)).toBe(true);
  expect(look()).toBe(PROBES_MAX * 100);
});

it('knows nothing any more when none comes back for long: something keeps them from us', () => {
  const { clock, sent, probe, look } = probed();
  look();
  probe.took(sent[0]!);
  clock.advance(SILENCE_MS_MAX);
  look(0);
  expect(look(1)).toBe(0);
  for (let n = 0; n < PROBES_MAX; n++) look();
  expect(probe.took(sent[1]!)).toBe(true); // given up long ago: it says nothing
  expect(look()).toBe(0);
});

it('leaves what it did not write to others', () => {
  const { sent, probe, look } = probed();
  look();
  const forged = Buffer.from(sent[0]!);
  forged[forged.length - 1]! ^= 1;
  for (const bytes of [forged, sent[0]!.subarray(1), Buffer.concat([sent[0]!, Buffer.alloc(1)])])
    expect(probe.took(bytes)).toBe(false);
  expect(look()).toBe(0);
});
