// The small parts: health, allow-list, API keys, metrics, randomness.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApiKeys, loadApiKeys, presentedKey } from './api-key.js';
import { ConfigError } from './config.js';
import { createHealth } from './health.js';
import { silentLogger } from './logger.js';
import { createMetrics } from './metrics.js';
import { createSystemRandom } from './system-random.js';
import { createPeerCheck, isLoopback, peerFault } from './trusted-peers.js';

describe('health', () => {
  it('is ready when all parts are, and not while draining', () => {
    const health = createHealth();
    expect(health.ok).toBe(false);
    const [log, sip] = [health.part('log'), health.part('sip')];
    log.ready();
    expect(health.status()).toEqual({
      status: 'starting',
      parts: { log: { ready: true }, sip: { ready: false, reason: 'starting' } },
    });
    sip.ready();
    expect(health.ok).toBe(true);
    log.notReady('disk full');
    expect(health.ok).toBe(false);
    log.ready();
    health.leave();
    expect([health.ok, health.draining, health.status().status]).toEqual([false, true, 'draining']);
    health.comeBack();
    expect(health.ok).toBe(true);
    health.drain();
    health.comeBack();
    expect(health.ok).toBe(false);
    expect(health.status().status).toBe('draining');
  });
});

describe('trusted peers', () => {
  it('trusts this machine and what is listed', () => {
    const check = createPeerCheck(['10.1.0.0/16', '192.0.2.7', '2001:db8::/32']);
    for (const ours of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '10.1.2.3', '::ffff:10.1.2.3']) {
      expect([ours, check(ours)]).toEqual([ours, true]);
    }
    expect(check('2001:db8::5')).toBe(true);
    expect(check('192.0.2.7')).toBe(true);
    for (const theirs of ['10.2.0.1', '192.0.2.8', '2001:db9::1', '', 'localhost', '::ffff:10.2.0.1']) {
      expect([theirs, check(theirs)]).toEqual([theirs, false]);
    }
  });

  it('judges alike whether it has seen an address before or not, and however many it has seen', () => {
    const check = createPeerCheck(['10.1.0.0/16']);
    const answers = () => ['10.1.2.3', '10.2.2.3', 'x'.repeat(100)].map(check);
    const before = answers();
    for (let n = 0; n < 3_000; n++) check(`172.16.${n >> 8}.${n & 255}`);
    expect([before, answers(), answers()]).toEqual(Array.from({ length: 3 }, () => [true, false, false]));
  });

  it('says what is wrong with an entry', () => {
    expect(peerFault('10.0.0.0/8')).toBeUndefined();
    expect(peerFault('10.0.0.0/33')).toContain('prefix');
    expect(peerFault('::/129')).toContain('prefix');
    expect(peerFault('host.test')).toContain('neither');
    expect(peerFault('1.2.3.4/8/9')).toContain('neither');
  });

  it('knows loopback', () => {
    expect(['127.0.0.1', '::1', 'localhost', '127.1.1.1'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.evil.test'].some(isLoopback)).toBe(false);
  });
});

describe('API keys', () => {
  const first = 'a'.repeat(20);
  const second = 'b'.repeat(20);

  it('takes any of several, and nothing else', () => {
    const keys = createApiKeys([first, second]);
    expect([keys.check(first), keys.check(second)]).toEqual(['ok', 'ok']);
    expect([keys.check(undefined), keys.check(''), keys.check(`${first}x`)]).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ]);
  });

  it('takes none for another that is longer, shorter or ends in zeroes', () => {
    const keys = createApiKeys([first, 'x'.repeat(256)]);
    const others = [
      first.slice(0, -1),
      `${first}\0`,
      `${first}${'\0'.repeat(20)}`,
      '\0',
      'x'.repeat(257),
      'é'.repeat(128),
    ];
    for (const other of others) expect(keys.check(other)).toBe('unknown');
    expect([keys.check('x'.repeat(256)), keys.check(first)]).toEqual(['ok', 'ok']);
    expect(() => createApiKeys(['x'.repeat(257)])).toThrow(ConfigError);
  });

  it('limits a key to its role', () => {
    const keys = createApiKeys([`provisioning:${first}`, second]);
    expect(keys.check(first, 'provisioning')).toBe('ok');
    expect(keys.check(first, 'history')).toBe('wrong-role');
    expect(keys.check(second, 'history')).toBe('ok');
    expect(keys.check(`provisioning:${first}`)).toBe('unknown');
  });

  it('refuses a role that no API has, as the key would open nothing', () =>
    expect(() => createApiKeys([`provisioner:${first}`])).toThrow(ConfigError));

  it('presents to an API a key that it takes, without its role', () => {
    expect(presentedKey([`provisioning:${first}`, `homestead:${second}`], 'homestead')).toBe(second);
    expect(presentedKey([`provisioning:${first}`, second], 'homestead')).toBe(second);
    expect(presentedKey([`provisioning:${first}`], 'homestead')).toBeUndefined();
    expect(presentedKey(undefined, 'homestead')).toBeUndefined();
  });

  it('makes one at first start, keeps it private, shows it once', () => {
    const dataDir = path.join(mkdtempSync(path.join(tmpdir(), 'key-')), 'data');
    const shown: (readonly [text: string, key: string])[] = [];
    const load = () =>
      loadApiKeys({
        configured: undefined,
        dataDir,
        httpHosts: ['0.0.0.0'],
        random: createSystemRandom(),
        logger: silentLogger,
        show: (...told) => void shown.push(told),
      });
    try {
      const { file = '' } = load();
      const key = readFileSync(file, 'utf8').trim();
      expect(key).toMatch(/^[0-9a-z]{40}$/);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(shown).toEqual([[expect.stringContaining(file), key]]);
      expect(shown[0]?.[0]).not.toContain(key);
      expect(load().keys.check(key)).toBe('ok');
      expect(shown).toHaveLength(1);
    } finally {
      rmSync(path.dirname(dataDir), { recursive: true });
    }
  });

  it('runs without keys on loopback only', () => {
    const load = (httpHosts: string[]) =>
      loadApiKeys({
        configured: [],
        dataDir: '/nowhere',
        httpHosts,
        random: createSystemRandom(),
        logger: silentLogger,
      }).keys;
    expect(load(['127.0.0.1', '::1']).check(undefined)).toBe('ok');
    expect(() => load(['127.0.0.1', '0.0.0.0'])).toThrow(ConfigError);
  });
});

describe('metrics', () => {
  it('shows what hot paths counted', async () => {
    const metrics = createMetrics({ app: 'test' });
    const requests = metrics.counter('requests_total', 'Requests');
    const byMethod = metrics.counters('by_method_total', 'By method', 'method', ['INVITE', 'other'] as const);
    const latency = metrics.histogram('latency_ms', 'Latency', [1, 10]);
    metrics.gauge('live', 'Live things', () => 7);
    requests.n += 3;
    byMethod.INVITE.n += 1;
    for (const value of [0.5, 1, 5, 50]) latency.observe(value);
    const expected = [
      'requests_total{app="test"} 3',
      'by_method_total{method="INVITE",app="test"} 1',
      'by_method_total{method="other",app="test"} 0',
      'live{app="test"} 7',
      'latency_ms_bucket{le="1",app="test"} 2',
      'latency_ms_bucket{le="10",app="test"} 3',
      'latency_ms_bucket{le="+Inf",app="test"} 4',
      'latency_ms_sum{app="test"} 56.5',
      'latency_ms_count{app="test"} 4',
    ];
    for (let scrape = 0; scrape < 2; scrape += 1) {
      const text = await metrics.text();
      for (const line of expected) expect(text).toContain(line);
      expect(text).toContain('process_resident_memory_bytes');
    }
  });
});

describe('system random', () => {
  it('makes tokens of the length asked, over block borders, never twice the same', () => {
    const random = createSystemRandom();
    const tokens = Array.from({ length: 2000 }, () => random.token(21));
    expect(new Set(tokens).size).toBe(2000);
    expect(tokens.every((token) => /^[0-9a-z]{21}$/.test(token))).toBe(true);
    expect(random.bytes(20_000)).toHaveLength(20_000);
    const bytes = random.bytes(8);
    const copy = Buffer.from(bytes);
    for (let i = 0; i < 5000; i += 1) random.bytes(8);
    expect(bytes).toEqual(copy);
  });

  it('draws fractions from 0 to below 1', () => {
    const random = createSystemRandom();
    const draws = Array.from({ length: 10_000 }, () => random.fraction());
    expect(Math.min(...draws)).toBeLessThan(0.01);
    expect(Math.max(...draws)).toBeGreaterThan(0.99);
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  });
});
