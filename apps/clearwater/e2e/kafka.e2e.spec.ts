// The built product with its log on Kafka: the same job, a restart, and a broker that goes away and comes back.
import type { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { H } from '#libs/sip';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { carryCall, statusOf } from './phone-calls.js';
import { RunningProduct, runToEnd, sleep } from './running-product.js';

let kafka: RealEngine;
let product: RunningProduct;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  kafka = await startRealEngine('kafka');
  env = {
    EVENT_LOG: 'kafka',
    KAFKA_SINGLE: '1',
    KAFKA_BROKERS: kafka.endpoints.join(','),
    KAFKA_TOPIC_PREFIX: `e2e-${random.token(10)}`,
    KAFKA_PARTITIONS: '4',
  };
  product = await RunningProduct.start(env);
}, 300_000);
afterAll(async () => {
  await product.close();
  await kafka.stop();
}, 60_000);

const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${product.ports.MANAGEMENT_PORT}/metrics`)).text();
  return Number(new RegExp(`^\\w*${name}(\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[2]);
};

let alice: Phone;
let bob: Phone;

it('registers two phones and carries a call', async () => {
  [alice, bob] = [await product.phone('alice'), await product.phone('bob')];
  expect(statusOf(await alice.register())).toBe(200);
  expect(statusOf(await bob.register())).toBe(200);
  expect(await carryCall(alice, bob)).toBe(200);
});

it('has every binding after kill -9, and reaches a UDP phone at once', async () => {
  await product.end('SIGKILL');
  await product.launch();
  expect(await carryCall(alice, bob)).toBe(200);
});

it('does not take a folder of a log on Kafka for an embedded one', async () => {
  await product.end('SIGTERM');
  const ended = await runToEnd({ ...product.env, EVENT_LOG: 'embedded' });
  expect(ended.code).not.toBe(0);
  expect(ended.output).toContain('holds views of a log on Kafka');
  await product.launch();
});

it('carries calls while the broker is away, answers 500 to who registers, and takes registrations when it is back', async () => {
  await kafka.signal(0, 'SIGKILL');
  expect(await carryCall(alice, bob)).toBe(200);
  const refused = await bob.register();
  expect(statusOf(refused)).toBe(500);
  expect(Number(refused === 'timeout' ? 0 : refused.header(H.RetryAfter))).toBeGreaterThanOrEqual(5);
  expect(await product.health()).toBe(200);
  expect(await metric('log_away')).toBe(1);
  expect(await carryCall(alice, bob)).toBe(200);
  await kafka.start();
  const backMs = clock.monotonicMs();
  while (statusOf(await bob.register()) !== 200 && clock.monotonicMs() - backMs < 30_000) await sleep(500);
  expect(statusOf(await bob.register())).toBe(200);
  expect(await carryCall(alice, bob)).toBe(200);
  expect(await product.health()).toBe(200);
  expect(await metric('log_away')).toBe(0);
}, 120_000);
