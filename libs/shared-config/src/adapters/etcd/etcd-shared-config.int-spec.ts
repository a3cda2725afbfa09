// The contract on a real etcd, and what happens when it is killed and started again.
import { jest } from '@jest/globals';
import { systemClock, systemRandom } from '#libs/runtime';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { sharedConfigContract } from '../../../contract/shared-config.contract.js';
import { type ConfigChange, ConfigUnavailable, type SharedConfig } from '../../shared-config.port.js';
import { openEtcd } from './etcd-shared-config.js';

jest.setTimeout(60_000);

let engine: RealEngine;
const opened: SharedConfig[] = [];
const prefixOf = new WeakMap<SharedConfig, string>();

const open = async (prefix: string): Promise<SharedConfig> => {
  const config = await openEtcd({ endpoints: engine.endpoints, prefix, clock: systemClock });
  opened.push(config);
  prefixOf.set(config, prefix);
  return config;
};
const wait = (ms: number): Promise<void> => new Promise((resolve) => void systemClock.after(ms, resolve));
const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await Promise.resolve(isSo()).catch(() => false)) return;
    await wait(100);
  }
  throw new Error('not so within 20 s');
};

beforeAll(async () => {
  engine = await startRealEngine('etcd');
});
afterAll(async () => {
  await Promise.all(opened.map((config) => config.close().catch(() => undefined)));
  await engine.stop();
});

sharedConfigContract('etcd', {
  create: () => open(`/test/${systemRandom.token(12)}`),
  another: (config) => open(prefixOf.get(config) ?? ''),
  settle: () => wait(200),
});

it('tells no one who has no time: etcd that is away is an error, and what was changed meanwhile is told when it is back', async () => {
  const prefix = `/test/${systemRandom.token(12)}`;
  const [config, other] = [await open(prefix), await open(prefix)];
  await config.set('a', '1', { by: 'ann' });
  const member = await config.join({ name: 'sprout-1', data: '' });
  const told: ConfigChange[] = [];
  await config.watch((change) => void told.push(change));

  await engine.signal(0, 'SIGKILL');
  const startMs = systemClock.monotonicMs();
  await expect(config.get('a')).rejects.toBeInstanceOf(ConfigUnavailable);
  await expect(config.set('a', '2', { by: 'ann' })).rejects.toBeInstanceOf(ConfigUnavailable);
  expect(systemClock.monotonicMs() - startMs).toBeLessThan(6_000);

  await engine.start();
  await until(async () => (await other.set('a', '3', { by: 'bob' })).revision > 1);
  await until(() => told.some(({ value }) => value === '3'));
  await until(async () => (await config.members()).length === 1);
  await member.leave();
  expect(await config.members()).toEqual([]);
});

it('passes over what others have written between its own keys, at a list and under way', async () => {
  const prefix = `/test/${systemRandom.token(12)}`;
  const config = await open(prefix);
  const { Etcd3 } = (await import('etcd3')).default;
  const stranger = new Etcd3({ hosts: [...engine.endpoints] });
  await stranger.put(`${prefix}/config/a`).value('by hand');
  const told: ConfigChange[] = [];
  await config.watch((change) => void told.push(change));
  for (const text of ['by hand', 'null', '{}', '[1]']) await stranger.put(`${prefix}/config/b`).value(text);
  await config.set('c', '1', { by: 'ann' });
  await until(() => told.length > 0);
  expect(told.map(({ key }) => key)).toEqual(['c']);
  expect((await config.list()).map(({ key }) => key)).toEqual(['c']);
  await expect(config.get('a')).rejects.toBeInstanceOf(ConfigUnavailable);
  stranger.close();
});

it('shows a member that died no longer when its lease is over', async () => {
  const prefix = `/test/${systemRandom.token(12)}`;
  const [mine, other] = [await open(prefix), await open(prefix)];
  const { Etcd3 } = (await import('etcd3')).default;
  const dying = new Etcd3({ hosts: [...engine.endpoints] });
  const lease = dying.lease(2, { autoKeepAlive: false });
  await lease.put(`${prefix}/members/dying`).value('');
  await mine.join({ name: 'living', data: '' });
  expect(await other.members()).toHaveLength(2);
  await until(async () => (await other.members()).length === 1);
  expect((await other.members())[0]?.name).toBe('living');
  dying.close();
});
