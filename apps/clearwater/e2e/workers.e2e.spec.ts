// One edge and one router of two processes each, on shared ports, as processes on Kafka, memcached, Cassandra and etcd: whoever's phone
// the kernel gives to which, calls are carried; a process that is killed comes back, and its datagram phones go on at once at the other.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  addressOf,
  type Cluster,
  type ClusterOptions,
  type Demo,
  provisionDemo,
  startCluster,
} from '#apps/cluster';
import { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { carryCall, statusOf } from './phone-calls.js';
import { sleep } from './running-product.js';

const WORKERS = 2;
const programs = path.resolve(import.meta.dirname, '../../../dist');
const folder = mkdtempSync(path.join(tmpdir(), 'workers-'));
const network = `127.${1 + (process.pid % 200)}.${1 + ((process.pid >> 8) % 250)}`;
const apiKey = random.token(30);
const each = {
  bono: 1,
  sprout: 1,
  homestead: 1,
  'homestead-prov': 1,
  homer: 1,
  projector: 0,
  chronos: 0,
  rogers: 0,
};

const engines: RealEngine[] = [];
let cluster: Cluster;
let demo: readonly Demo[];
const ended: string[] = [];
const phones: Phone[] = [];

beforeAll(async () => {
  for (const engine of ['kafka', 'memcached', 'cassandra', 'etcd'])
    engines.push(await startRealEngine(engine));
  const [kafka = [], memcached = [], cassandra = [], etcd = []] = engines.map(({ endpoints }) => endpoints);
  const env = { KAFKA_PARTITIONS: '4', CASSANDRA_TIMEOUT_MS: '10000' };
  const name = `w${process.pid}`;
  const options: ClusterOptions = {
    ...{ network, folder, name, apiKey, env, each, workers: WORKERS },
    engines: { kafka, memcached, cassandra, etcd },
  };
  cluster = await startCluster(options, {
    clock,
    programs,
    onEnded: ({ member, ending, output }) => void ended.push(`${member.name} ${ending} ${output}`),
  });
  const url = `http://${addressOf(network, 'homestead-prov', 1)}:8889`;
  demo = await provisionDemo({ folder, programs, url, apiKey, random });
}, 500_000);
afterAll(async () => {
  await Promise.all(phones.map((phone) => phone.close()));
  await (cluster as Cluster | undefined)?.stop();
  await Promise.all(engines.map((engine) => engine.stop()));
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const bono = addressOf(network, 'bono', 1);
let instances = 0;
/** Until others have seen that connections are broken. */
const SEEN_MS = 100;

const phoneOf = async (user: 'alice' | 'bob', transport: 'udp' | 'tcp'): Promise<Phone> => {
  const password = demo.find(({ impi }) => impi.startsWith(user))?.password ?? '';
  const instance = `urn:uuid:00000000-0000-4000-8000-${String((instances += 1)).padStart(12, '0')}`;
  const account = { user, domain: 'ims.test', password, server: { address: bono, port: 5060 }, instance };
  const phone = await Phone.start({ ...account, transport, address: '127.0.0.1', clock, random });
  phones.push(phone);
  return phone;
};

/** Registered flows that a worker of the edge knows. */
const flowsOf = async (worker: number): Promise<number> => {
  const text = await (await fetch(`http://${bono}:${9887 + 100 * (worker + 1)}/metrics`)).text();
  return Number(/^bono_client_flows\{[^}]*\} (\S+)$/m.exec(text)?.[1]);
};

/** Of a process that starts others. */
const childrenOf = (parent: number): readonly number[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && isChild(pid, parent))
    .map(Number);

const isChild = (pid: string, parent: number): boolean => {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]) === parent;
  } catch {
    return false; // ended meanwhile
  }
};

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** Registered phones of the two users at different workers: over TCP only the one that has the connection knows it. */
const onDifferentWorkers = async (): Promise<readonly [Phone, Phone]> => {
  for (let tries = 0; tries < 12; tries++) {
    const before = await flowsOf(0);
    const alice = await phoneOf('alice', 'tcp');
    expect(statusOf(await alice.register())).toBe(200);
    const between = await flowsOf(0);
    const bob = await phoneOf('bob', 'tcp');
    expect(statusOf(await bob.register())).toBe(200);
    const after = await flowsOf(0);
    if (between - before !== after - between) return [alice, bob];
    await Promise.all([alice, bob].map((phone) => phone.register({ expiresS: 0 })));
  }
  throw new Error('the kernel gives all connections to one worker');
};

it('carries calls between phones of different workers, over TCP', async () => {
  const [alice, bob] = await onDifferentWorkers();
  for (let n = 0; n < 5; n++) {
    expect(await carryCall(alice, bob)).toBe(200);
    expect(await carryCall(bob, alice)).toBe(200);
  }
  await Promise.all([alice, bob].map((phone) => phone.register({ expiresS: 0 })));
}, 120_000);

it('carries calls over UDP, whichever process the kernel gives a phone to', async () => {
  for (let n = 0; n < 4; n++) {
    const [alice, bob] = [await phoneOf('alice', 'udp'), await phoneOf('bob', 'udp')];
    expect(statusOf(await alice.register())).toBe(200);
    expect(statusOf(await bob.register())).toBe(200);
    expect(await carryCall(alice, bob)).toBe(200);
    expect(await carryCall(bob, alice)).toBe(200);
    await Promise.all([alice, bob].map((phone) => phone.register({ expiresS: 0 })));
  }
}, 120_000);

it('goes on when processes of edge and router are killed, and has them back', async () => {
  const [alice, bob] = [await phoneOf('alice', 'udp'), await phoneOf('bob', 'udp')];
  expect(statusOf(await alice.register())).toBe(200);
  expect(statusOf(await bob.register())).toBe(200);
  const killed = ['bono-1', 'sprout-1'].map((name) => childrenOf(cluster.pid(name))[0]!);
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  while (killed.some(isAlive)) await sleep(10);
  // What is under way at that moment is lost, and nothing that comes after: datagrams go to the one that is left, which knows them.
  await sleep(SEEN_MS);
  expect(statusOf(await alice.register())).toBe(200);
  expect(statusOf(await bob.register())).toBe(200);
  expect(await carryCall(alice, bob)).toBe(200);
  const isReady = async () =>
    (await fetch(`http://${bono}:9887/healthz`)).status === 200 &&
    childrenOf(cluster.pid('sprout-1')).length === WORKERS;
  for (let n = 0; !(await isReady()) && n < 300; n++) await sleep(100);
  expect(await isReady()).toBe(true);
  expect(await carryCall(alice, bob)).toBe(200);
  expect(await carryCall(bob, alice)).toBe(200);
  expect(ended).toEqual([]);
}, 120_000);

it('stops as one program', async () => {
  const all = ['bono-1', 'sprout-1'].flatMap((name) => childrenOf(cluster.pid(name)));
  expect(all).toHaveLength(2 * WORKERS);
  expect(await cluster.stop()).toBe(true);
  expect(all.filter(isAlive)).toEqual([]);
}, 60_000);
