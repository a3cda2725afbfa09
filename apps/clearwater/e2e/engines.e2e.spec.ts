// The built product with its views in memcached, its subscribers in Cassandra and its variables in etcd: the same job, and engines
// that go away and come back.
import type { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { H, type SipMessage } from '#libs/sip';
import { openEtcd, type SharedConfig } from '#libs/shared-config';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { carryCall, statusOf } from './phone-calls.js';
import { RunningProduct, sleep } from './running-product.js';

let memcached: RealEngine;
let cassandra: RealEngine;
let etcd: RealEngine;
let shared: SharedConfig;
let product: RunningProduct;

beforeAll(async () => {
  memcached = await startRealEngine('memcached', 3);
  cassandra = await startRealEngine('cassandra');
  etcd = await startRealEngine('etcd');
  const prefix = `/e2e/${random.token(10)}`;
  shared = await openEtcd({ endpoints: etcd.endpoints, prefix, clock });
  await shared.set('REG_MAX_EXPIRES', '301', { by: 'e2e' });
  product = await RunningProduct.start({
    VIEW_STORE: 'memcached',
    MEMCACHED_SERVERS: memcached.endpoints.join(','),
    SUBSCRIBER_STORE: 'cassandra',
    CASSANDRA_CONTACT_POINTS: cassandra.endpoints.join(','),
    CASSANDRA_KEYSPACE: `e2e_${random.token(10)}`,
    CASSANDRA_TIMEOUT_MS: '10000',
    SHARED_CONFIG: 'etcd',
    ETCD_ENDPOINTS: etcd.endpoints.join(','),
    ETCD_PREFIX: prefix,
  });
}, 400_000);
afterAll(async () => {
  await product.close();
  await shared.close();
  await Promise.all([memcached.stop(), cassandra.stop(), etcd.stop()]);
}, 60_000);

const retryAfter = (answer: SipMessage | 'timeout'): string | undefined =>
  answer === 'timeout' ? undefined : answer.header(H.RetryAfter);

let alice: Phone;
let bob: Phone;

it('registers two phones and carries a call', async () => {
  [alice, bob] = [await product.phone('alice'), await product.phone('bob')];
  const answer = await alice.register({ expiresS: 3_600 });
  expect(statusOf(answer)).toBe(200);
  expect(answer === 'timeout' ? '' : answer.header(H.Contact)).toContain('expires=301');
  expect(statusOf(await bob.register())).toBe(200);
  expect(await carryCall(alice, bob)).toBe(200);
  expect(await shared.members()).toHaveLength(1);
});

it('has every binding after kill -9, and reaches a UDP phone at once', async () => {
  await product.end('SIGKILL');
  await product.launch();
  expect(await carryCall(alice, bob)).toBe(200);
});

it('starts and serves with what it last knew while etcd is away', async () => {
  await etcd.signal(0, 'SIGKILL');
  await product.end('SIGKILL');
  await product.launch();
  expect(await carryCall(alice, bob)).toBe(200);
  const answer = await alice.register({ expiresS: 3_600 });
  expect(answer === 'timeout' ? '' : answer.header(H.Contact)).toContain('expires=301');
  await etcd.start();
});

it('answers 500, never 404 or 480, while memcached is away, and has every binding soon after it is back, empty', async () => {
  for (const server of [0, 1, 2]) await memcached.signal(server, 'SIGKILL');
  for (let n = 0; n < 3; n += 1) {
    const { answer } = await alice.call(bob.aor);
    expect(statusOf(answer)).toBe(500);
    expect(Number(retryAfter(answer))).toBeGreaterThanOrEqual(5);
  }
  expect(statusOf(await bob.register())).toBe(500);
  await memcached.start();
  const backMs = performance.now();
  const seen = new Set<number | 'timeout'>();
  for (;;) {
    const outcome = await carryCall(alice, bob);
    seen.add(outcome);
    if (outcome === 200 || performance.now() - backMs > 10_000) break;
    await sleep(100);
  }
  expect([...seen].filter((outcome) => outcome !== 500)).toEqual([200]);
  expect(performance.now() - backMs).toBeLessThan(8_000);
  expect(statusOf(await bob.register())).toBe(200);
  expect(statusOf(await alice.register())).toBe(200);
});

it('goes on for who is cached while Cassandra hangs, and answers no fault as the user’s', async () => {
  await cassandra.signal(0, 'SIGSTOP');
  try {
    expect(await carryCall(alice, bob)).toBe(200);
    const { answer } = await alice.call('sip:never-asked-for@ims.test');
    expect([500, 504, 'timeout']).toContain(statusOf(answer));
  } finally {
    await cassandra.signal(0, 'SIGCONT');
  }
}, 60_000);
