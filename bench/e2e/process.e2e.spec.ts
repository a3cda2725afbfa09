import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { statusOf } from '#libs/testkit';
import { checkCallBetween, registeredPhone } from '../accept/checks.js';
import { startChild } from '../harness/children.js';
import type { Phone } from '../harness/phone.js';
import { expectCall, invite } from '../harness/phone-call.js';
import { cleanEnv, createProduct, type Product } from '../harness/product.js';
import { inRepository } from '../harness/root.js';
import { runSipp } from '../harness/sipp.js';
import { DEVICES, provision, usersOf, writeUsersFile } from '../harness/users.js';
import { startProduct, throwing } from './running.js';

const products: Product[] = [];
const phones: Phone[] = [];
const registered = async (product: Product, name: string): Promise<Phone> => {
  const phone = await registeredPhone(throwing, product, name);
  phones.push(phone);
  return phone;
};
const started = async (env: Readonly<Record<string, string>> = {}): Promise<Product> => {
  const product = await startProduct({ env });
  products.push(product);
  return product;
};
afterEach(async () => {
  for (const phone of phones.splice(0)) phone.close();
  for (const product of products.splice(0)) await product.dispose();
});

const MAIN = inRepository('dist/apps/clearwater/src/main.js');

/** Runs the program with this environment alone until it ends. */
const runOnce = async (env: Readonly<Record<string, string>>) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'once-'));
  const child = startChild(process.execPath, [MAIN], {
    cwd: folder,
    env: { ...cleanEnv(), DATA_DIR: path.join(folder, 'data'), ...env },
  });
  const code = await child.exit;
  rmSync(folder, { recursive: true, force: true });
  return { code, output: child.output() };
};

describe('configuration', () => {
  it.each([
    ['BONO_PORT', 'sip'],
    ['HOME_DOMAIN', 'two words'],
    ['DIGEST_ALGORITHMS', 'ROT13'],
    ['EVENT_LOG', 'pulsar'],
    ['LOG_LEVEL', 'loud'],
    ['TRUSTED_PEERS', '10.0.0.0/99'],
  ])('%s=%s stops the process with one line', async (name, value) => {
    const { code, output } = await runOnce({ [name]: value });
    expect(code).not.toBe(0);
    const lines = output.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(name);
    expect(lines[0]).toContain(value);
  });

  it('refuses no keys, and the demo, off loopback', async () => {
    const keys = await runOnce({ API_KEYS: '', BIND_ADDRESS: '0.0.0.0' });
    expect([keys.code === 0, keys.output]).toEqual([false, expect.stringContaining('API_KEYS')]);
    const demo = await runOnce({ DEMO: '1', BIND_ADDRESS: '0.0.0.0', API_KEYS: 'k'.repeat(20) });
    expect([demo.code === 0, demo.output]).toEqual([false, expect.stringContaining('DEMO')]);
  });
});

describe('the process', () => {
  it('drains: calls that are up go on to their end, it exits 0 within 10 s', async () => {
    const product = await started();
    const caller = await registered(product, 'caller');
    const callee = await registered(product, 'callee');
    const call = invite(caller, callee.user.impu);
    const arrived = await expectCall(callee);
    arrived.ring();
    await call.response(180);
    const stopping = product.stop();
    await arrived.answer();
    expect(statusOf(await call.final)).toBe(200);
    const { code, tookMs } = await stopping;
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(10_000);
  });

  it('keeps what it confirmed over kill -9', async () => {
    const product = await started();
    const caller = await registered(product, 'caller');
    const callee = await registered(product, 'callee');
    await product.kill9();
    await product.start();
    await checkCallBetween(throwing, caller, callee, 'after the restart');
  });

  it('makes an API key and demo passwords that only the owner can read', async () => {
    const product = await createProduct({ env: { DEMO: '1' } });
    delete product.env['API_KEYS'];
    products.push(product);
    await product.start();
    for (const name of ['api-key', 'demo.json']) {
      expect([name, statSync(path.join(product.dataDir, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    const key = readFileSync(path.join(product.dataDir, 'api-key'), 'utf8').trim();
    const ask = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${product.ports.HOMESTEAD_PROV_PORT}/private/nobody`, { headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ 'X-API-Key': key })).status).toBe(404);
    expect((await ask({ 'NGV-API-Key': key })).status).toBe(404);
  });

  it('answers /ping on every HTTP port, /healthz and /metrics', async () => {
    const product = await started();
    const { HOMESTEAD_PORT, HOMESTEAD_PROV_PORT, SPROUT_HTTP_PORT, CHRONOS_PORT, MANAGEMENT_PORT } =
      product.ports;
    for (const port of [HOMESTEAD_PORT, HOMESTEAD_PROV_PORT, SPROUT_HTTP_PORT, CHRONOS_PORT]) {
      const answer = await fetch(`http://127.0.0.1:${port}/ping`);
      expect([port, answer.status, await answer.text()]).toEqual([port, 200, 'OK']);
    }
    const metrics = await fetch(`http://127.0.0.1:${MANAGEMENT_PORT}/metrics`);
    expect(await metrics.text()).toContain('process_cpu_seconds_total');
  });
});

describe('SIPp', () => {
  it.each(['udp', 'tcp'] as const)('registers over %s with digest', async (transport) => {
    const product = await started();
    const folder = mkdtempSync(path.join(tmpdir(), 'users-'));
    const users = usersOf('s', 50);
    await provision(product, users);
    const usersFile = writeUsersFile(folder, 'users', users, users, DEVICES.caller);
    const result = await runSipp({
      scenario: 'reg-auth',
      target: `127.0.0.1:${product.ports.BONO_PORT}`,
      localPort: 29_000 + Math.floor(Math.random() * 1000),
      usersFile,
      transport,
      rate: 100,
      calls: 200,
      keys: { contact: '127.0.0.1:29000', expires: '300' },
    });
    rmSync(folder, { recursive: true, force: true });
    expect({ successful: result.successful, failed: result.failed }).toEqual({ successful: 200, failed: 0 });
  });
});
