import { BAD_TARGETS_MAX, BLACKLIST_MS, GRAYLIST_MS, TargetHealth } from './target-health.js';
import type { Target } from './transport.port.js';

const target = (n: number): Target => ({ transport: 'udp', address: `10.0.0.${n}`, port: 5060 });
const [a, b, c] = [target(1), target(2), target(3)];

it('leaves a target alone for 30 s, then tries it by one request at a time, then as before', () => {
  const health = new TargetHealth();
  expect(health.ordered([a, b], 0)).toEqual([a, b]);
  health.failed(a, 0);
  expect(health.ordered([a, b], BLACKLIST_MS - 1)).toEqual([b, a]);
  expect(health.ordered([a, b], BLACKLIST_MS)).toEqual([a, b]);
  // That one has not come back yet.
  expect(health.ordered([a, b], BLACKLIST_MS)).toEqual([b, a]);
  health.failed(a, BLACKLIST_MS + 1);
  expect(health.ordered([a, b], 2 * BLACKLIST_MS)).toEqual([b, a]);
  expect(health.ordered([a, b], 2 * BLACKLIST_MS + 1 + GRAYLIST_MS)).toEqual([a, b]);
  expect(health.ordered([a, b], 2 * BLACKLIST_MS + 1 + GRAYLIST_MS)).toEqual([a, b]);
});

it('forgets what was bad as soon as somebody answers there', () => {
  const health = new TargetHealth();
  health.failed(a, 0);
  health.worked({ ...a, transport: 'tcp' });
  expect(health.ordered([a, b], 1)).toEqual([b, a]);
  health.worked(a);
  expect(health.ordered([a, b], 1)).toEqual([a, b]);
});

it('still has somebody to ask when all are bad, in the order wanted', () => {
  const health = new TargetHealth();
  for (const one of [a, b, c]) health.failed(one, 0);
  expect(health.ordered([b, a, c], 1)).toEqual([b, a, c]);
});

it('does not take who is not asked first to be on trial', () => {
  const health = new TargetHealth();
  health.failed(b, 0);
  expect(health.ordered([a, b], BLACKLIST_MS)).toEqual([a, b]);
  expect(health.ordered([b, a], BLACKLIST_MS)).toEqual([b, a]);
});

it('remembers so many', () => {
  const health = new TargetHealth();
  health.failed(a, 0);
  for (let port = 1; port <= BAD_TARGETS_MAX; port++) health.failed({ ...b, port }, 0);
  expect(health.ordered([a, { ...b, port: 1 }, c], 1)).toEqual([a, c, { ...b, port: 1 }]);
});
