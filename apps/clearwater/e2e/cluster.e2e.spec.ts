// Two of each program as processes on loopback addresses, on Kafka, memcached, Cassandra and etcd: what is registered at one edge and
// router is there at the others at once; processes go and come back.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
import { openEtcd, type SharedConfig } from '#libs/shared-config';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { carryCall, statusOf } from './phone-calls.js';
import { sleep } from './running-product.js';

const programs = path.resolve(import.meta.dirname, '../../../dist');
const folder = mkdtempSync(path.join(tmpdir(), 'cluster-'));
const network = `127.${1 + (process.pid % 200)}.${1 + ((process.pid >> 8) % 250)}`;
const name = `e2e${random
  .token(8)
  .toLowerCase()
  .replace(/[^a-z0-9]/g, 'x')}`;
const apiKey = random.token(30);

const engines: RealEngine[] = [];
let options: ClusterOptions;
let cluster: Cluster;
let shared: SharedConfig;
let demo: readonly Demo[];
const ended: string[] = [];
const phones: Phone[] = [];

const start = async (isPinned: boolean): Promise<void> => {
  const onEnded = ({
    member,
    ending,
    output,
  }: {
    member: { name: string };
    ending: string;
    output: string;
  }) => void ended.push(`${member.name} ${ending} ${output}`);
  cluster = await startCluster({ ...options, isPinned }, { clock, programs, onEnded });
};

beforeAll(async () => {
  for (const engine of ['kafka', 'memcached', 'cassandra', 'etcd'])
    engines.push(await startRealEngine(engine, engine === 'memcached' ? 2 : 1));
  const [kafka = [], memcached = [], cassandra = [], etcd = []] = engines.map(({ endpoints }) => endpoints);
  // A machine that does much else is slow to answer.
  const env = { KAFKA_PARTITIONS: '4', CASSANDRA_TIMEOUT_MS: '10000' };
  options = { network, folder, engines: { kafka, memcached, cassandra, etcd }, name, apiKey, env };
  await start(true);
  const url = `http://${addressOf(network, 'homestead-prov', 2)}:8889`;
  demo = await provisionDemo({ folder, programs, url, apiKey, random });
  shared = await openEtcd({ endpoints: etcd, prefix: `/${name}`, clock });
}, 500_000);
afterAll(async () => {
  await Promise.all(phones.map((phone) => phone.close()));
  // Also when their start failed.
  await (shared as SharedConfig | undefined)?.close();
  await (cluster as Cluster | undefined)?.stop();
  await Promise.all(engines.map((engine) => engine.stop()));
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const phoneAt = async (user: 'alice' | 'bob', bono: number): Promise<Phone> => {
  const password = demo.find(({ impi }) => impi.startsWith(user))?.password ?? '';
  const server = { address: addressOf(network, 'bono', bono), port: 5060 };
  const instance = `urn:uuid:00000000-0000-4000-8000-00000000000${bono}`;
  const account = { user, domain: 'ims.test', password, server, instance };
  const phone = await Phone.start({ ...account, transport: 'udp', address: '127.0.0.1', clock, random });
  phones.push(phone);
  return phone;
};

const outputOf = (member: string): string => readFileSync(path.join(folder, member, 'output.log'), 'utf8');

let alice: Phone;
let bob: Phone;

it('registers at one edge and router, and calls through the others', async () => {
  [alice, bob] = [await phoneAt('alice', 1), await phoneAt('bob', 2)];
  expect(statusOf(await alice.register())).toBe(200);
  expect(statusOf(await bob.register())).toBe(200);
  expect(await carryCall(alice, bob)).toBe(200);
  expect(await carryCall(bob, alice)).toBe(200);
}, 60_000);

it('finds what another router has just registered: each INVITE is sent within 1 ms of the 200 OK', async () => {
  const ROUNDS = 50;
  let inTime = 0;
  for (let round = 0; inTime < ROUNDS && round < 4 * ROUNDS; round += 1) {
    const contact = bob.contact.replace('>', `;n=${round}>`);
    let acknowledgedMs = 0;
    bob.onTraffic = (direction, message) => {
      if (direction === 'in' && message.status === 200) acknowledgedMs = performance.now();
    };
    const registered = await bob.register({
      contact: `${contact};+sip.instance="<${bob.options.instance}>"`,
    });
    const call = alice.call(bob.aor);
    if (performance.now() - acknowledgedMs < 1) inTime += 1;
    expect(statusOf(registered)).toBe(200);
    const { request, answer } = await call;
    expect(statusOf(answer)).toBe(200);
    expect(bob.received.findLast(({ method }) => method === 'INVITE')?.requestUri).toContain(`;n=${round}`);
    if (answer !== 'timeout') await alice.inDialog('BYE', { request, answer }, 2)!.final;
  }
  bob.onTraffic = undefined;
  expect(inTime).toBe(ROUNDS);
}, 120_000);

it('ends with nothing left to do, and reaches UDP phones as soon as it is back', async () => {
  expect(await cluster.stop()).toBe(true);
  await start(false);
  expect(await carryCall(alice, bob)).toBe(200);
  expect(await carryCall(bob, alice)).toBe(200);
}, 240_000);

it('carries calls while one router and one Homestead are gone, and takes them back', async () => {
  await Promise.all([cluster.end('sprout-1', 'SIGKILL'), cluster.end('homestead-2', 'SIGKILL')]);
  for (let n = 0; n < 4; n += 1) {
    expect(await carryCall(alice, bob)).toBe(200);
    expect(statusOf(await bob.register())).toBe(200);
  }
  await Promise.all([cluster.launch('sprout-1'), cluster.launch('homestead-2')]);
  expect(await carryCall(alice, bob)).toBe(200);
}, 240_000);

it('shares its variables: all are members, and a level of the log is in effect everywhere at once', async () => {
  expect(await shared.members()).toHaveLength(cluster.members.length);
  await shared.set('LOG_LEVEL', 'debug', { by: 'e2e' });
  const told = () => cluster.members.every(({ name: member }) => outputOf(member).includes('in effect'));
  for (let n = 0; !told() && n < 100; n += 1) await sleep(100);
  const silent = cluster.members.filter(({ name: member }) => !outputOf(member).includes('in effect'));
  expect(silent.map(({ name: member }) => member)).toEqual([]);
  expect(ended).toEqual([]);
}, 60_000);
