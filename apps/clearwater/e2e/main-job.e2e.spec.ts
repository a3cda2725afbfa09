// The main job on the built product with real sockets: register, call, restart, stop (docs/acceptance/chapter-1.md).
import type { Phone } from '#libs/phone';
import { H, type SipMessage } from '#libs/sip';
import { statusOf } from './phone-calls.js';
import { runToEnd, RunningProduct } from './running-product.js';

let product: RunningProduct;
beforeAll(async () => {
  product = await RunningProduct.start();
});
afterAll(async () => {
  await product.close();
});

const callAndEnd = async (caller: Phone, callee: Phone): Promise<void> => {
  const { request, answer } = await caller.call(callee.aor);
  expect(statusOf(answer)).toBe(200);
  const invite = callee.received.findLast(({ method }) => method === 'INVITE');
  expect(invite?.header(H.PAssertedIdentity)).toBe(`<${caller.aor}>`);
  const bye = caller.inDialog('BYE', { request, answer: answer as SipMessage }, 2)!;
  expect(statusOf(await bye.final)).toBe(200);
};

it.each([
  ['udp', 'udp'],
  ['udp', 'tcp'],
  ['tcp', 'udp'],
] as const)('registers two phones and carries a call from %s to %s', async (from, to) => {
  const alice = await product.phone('alice', from);
  const bob = await product.phone('bob', to);
  expect(statusOf(await alice.register())).toBe(200);
  expect(statusOf(await bob.register())).toBe(200);
  await callAndEnd(alice, bob);
  expect(statusOf(await bob.register({ expiresS: 0 }))).toBe(200);
});

it('delivers a MESSAGE and its answer', async () => {
  const [alice, bob] = [await product.phone('alice', 'udp'), await product.phone('bob', 'tcp')];
  expect(statusOf(await alice.register())).toBe(200);
  expect(statusOf(await bob.register())).toBe(200);
  const sent = alice.request('MESSAGE', bob.aor, {
    headers: 'Content-Type: text/plain\r\n',
    body: 'hello',
    contact: '',
  });
  expect(statusOf(await sent.final)).toBe(200);
  expect(bob.received.at(-1)?.body).toBe('hello');
  expect(statusOf(await bob.register({ expiresS: 0 }))).toBe(200);
});

it('has every binding after kill -9, and reaches a UDP phone at once', async () => {
  const [alice, bob] = [await product.phone('alice', 'udp'), await product.phone('bob', 'udp')];
  expect(statusOf(await alice.register())).toBe(200);
  expect(statusOf(await bob.register())).toBe(200);
  await product.end('SIGKILL');
  expect(await product.launch()).toBeLessThan(3_000);
  await callAndEnd(alice, bob);
});

it('refuses a second process on the same folder, naming the first', async () => {
  const other = Object.fromEntries(Object.keys(product.ports).map((name) => [name, '0']));
  const { code, output } = await runToEnd({ ...product.env, ...other });
  expect(code).toBe(1);
  expect(output).toContain(String(product.pid));
});

it('says in one line what is wrong with a bad variable', async () => {
  const { code, output } = await runToEnd({ ...product.env, REG_MAX_EXPIRES: 'soon' });
  expect(code).toBe(78);
  expect(output.trim().split('\n')).toHaveLength(1);
  expect(output).toContain('REG_MAX_EXPIRES');
});

it('drains and exits 0 on SIGTERM', async () => {
  const startMs = performance.now();
  expect(await product.end('SIGTERM')).toBe(0);
  expect(performance.now() - startMs).toBeLessThan(10_000);
});
