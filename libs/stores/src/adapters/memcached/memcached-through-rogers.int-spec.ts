// The contract of the store through Rogers: two of them, as processes, over three real servers. Nothing in the adapter knows of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { systemClock } from '#libs/runtime';
import { createFakeClock, type RealEngine, startRealEngine } from '#libs/testkit';
import { keyValueStoreContract, type Row } from '../../../contract/key-value-store.contract.js';
import { jsonCodec } from '../embedded/json-codec.js';
import { type MemcachedCluster, openMemcached } from './memcached-cluster.js';
import { createMemcachedKeyValueStore, keyPrefixOf } from './memcached-key-value-store.js';
import { createSentinels, healRows } from './memcached-sentinels.js';

jest.setTimeout(60_000);

const TRIES_MAX = 300;
const rootAbove = (folder: string): string =>
  existsSync(path.join(folder, 'nest-cli.json')) ? folder : rootAbove(path.dirname(folder));
const PROGRAM = path.join(rootAbove(import.meta.dirname), 'dist/apps/rogers/src/main.js');

const clock = createFakeClock();
let engine: RealEngine;
let cluster: MemcachedCluster;
let folder: string;
const running: ChildProcess[] = [];
let views = 0;

const isReady = async (port: number): Promise<boolean> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).status === 200;
  } catch {
    return false;
  }
};

/** Ports above those of the servers. */
const startRogers = async (port: number): Promise<void> => {
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    ROGERS_PORT: String(port),
    MANAGEMENT_PORT: String(port + 1),
    ROGERS_SERVERS: engine.endpoints.slice(0, 3).join(','),
    DATA_DIR: path.join(folder, String(port)),
    LOG_LEVEL: 'warn',
  };
  running.push(spawn(process.execPath, [PROGRAM], { env, stdio: 'inherit', cwd: folder }));
  for (let tries = 0; !(await isReady(port + 1)); tries += 1) {
    if (tries > TRIES_MAX) throw new Error('Rogers is not ready');
    await new Promise<void>((resolve) => void systemClock.after(100, resolve));
  }
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rogers-'));
  engine = await startRealEngine('memcached', 8);
  const ports = engine.endpoints.map((name) => Number(name.split(':')[1]));
  // The last ones were started for their ports only.
  for (const server of [4, 5, 6, 7]) await engine.signal(server, 'SIGKILL');
  await Promise.all([startRogers(ports[4]!), startRogers(ports[6]!)]);
  cluster = openMemcached({
    servers: [ports[4], ports[6]].map((port) => `127.0.0.1:${port}`),
    clock: systemClock,
    timeoutMs: 2_000,
  });
});
afterAll(async () => {
  cluster.close();
  await Promise.all(
    running.map((child) => new Promise((resolve) => (child.once('exit', resolve), child.kill('SIGTERM')))),
  );
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

keyValueStoreContract('memcached through Rogers', {
  create: () =>
    createMemcachedKeyValueStore({ cluster, name: `plain${(views += 1)}`, clock, codec: jsonCodec<Row>() }),
  advance: (seconds) => clock.advance(seconds * 1000),
  bounded: false,
  runs: 20,
});

keyValueStoreContract('memcached through Rogers, with sentinels', {
  async create() {
    const name = `view${(views += 1)}`;
    const sentinels = createSentinels({ cluster, prefix: keyPrefixOf(name, 'g1'), generation: 'g1', newToken: () => `${process.pid}` });
    await healRows(sentinels, () => Promise.resolve());
    return createMemcachedKeyValueStore({ cluster, name, clock, codec: jsonCodec<Row>(), generation: 'g1' });
  },
  advance: (seconds) => clock.advance(seconds * 1000),
  bounded: false,
  runs: 20,
}); // prettier-ignore
