// 3.6: the registration view built anew from Kafka into memcached by the projector while registrations go on at two nodes, and switched to:
// how long it takes, and that whoever was acknowledged is found by every node at every moment, and in the new keyspace after.
// The nodes are this process's: the code of a router's registrar (append, apply, answer) without SIP around it.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Recorded } from '#libs/decider';
import { entryOf, type RegistrationEvent, UPCASTERS } from '#libs/domain';
import { BrokersUnreachable, createUpcasting, type EventLog, openKafkaLog } from '#libs/event-log';
import type { FollowOptions } from '#libs/projector';
import { createMetrics, silentLogger, systemClock as clock, systemRandom as random } from '#libs/runtime';
import { openEtcd, type SharedConfig } from '#libs/shared-config';
import { openMemcached } from '#libs/stores';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { openSharedRegistrationView, type SharedRegistrationView } from '#projections/registrations-by-aor';
import { type Child, startChild, until } from '../../harness/children.js';
import { freePort } from '../../harness/ports.js';
import { cleanEnv } from '../../harness/product.js';
import { inRepository } from '../../harness/root.js';
import { bindingOf } from '../../registration-log.js';
import type { Line, Report } from '../line.js';

type Form = Readonly<{
  bindings: number;
  registrationsPerS: number;
  rebuildSMax: number;
  readyMsMax: number;
}>;

const FULL: Form = { bindings: 1_000_000, registrationsPerS: 200, rebuildSMax: 180, readyMsMax: 600_000 };
const SHORT: Form = { bindings: 10_000, registrationsPerS: 50, rebuildSMax: 60, readyMsMax: 120_000 };

const VIEW = 'registrations-by-aor';
const TIMEOUT_MS = 10_000;
const PARTITIONS = 12;
const APPENDS_AT_ONCE = 2_000;
const READ_AT_ONCE = 256;
const MEMCACHED_MB = '1024';

type Engines = Readonly<{ kafka: RealEngine; memcached: RealEngine; etcd: RealEngine }>;
type Names = Readonly<{ prefix: string; generation: string }>;
type Node = Readonly<{ view: SharedRegistrationView; close: () => Promise<void> }>;

const aorOf = (n: number): string => `sip:u${String(n).padStart(7, '0')}@ims.test`;

const eventOf = (n: number, cseq: number): RegistrationEvent => ({
  type: cseq === 1 ? 'BindingAdded' : 'BindingRefreshed',
  data: bindingOf(aorOf(n).slice(4, 12), 40_000 + (n % 10_000), cseq),
});

/** New topics of a broker that has just begun have no leaders for a while. */
const OPEN_TRIES_MAX = 10;

const openLog = async (engines: Engines, names: Names): Promise<EventLog> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryOpenLog(engines, names);
    } catch (error) {
      if (attempt >= OPEN_TRIES_MAX || !(error instanceof BrokersUnreachable)) throw error;
    }
  }
};

const tryOpenLog = ({ kafka }: Engines, { prefix }: Names): Promise<EventLog> =>
  openKafkaLog({
    connection: { brokers: kafka.endpoints, clientId: prefix },
    topicPrefix: prefix,
    generation: 1,
    partitions: PARTITIONS,
    isSingle: true,
    retentionMs: 7 * 86_400_000,
    limits: { appendTimeoutMs: 30_000, produceTimeoutMs: 20_000 },
    clock,
    random,
    ...createUpcasting(UPCASTERS),
  });

const fill = async (report: Report, log: EventLog, bindings: number): Promise<void> => {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let n = next++; n < bindings; n = next++) {
      if (n % 100_000 === 0) report.note(`${n} bindings in the log`);
      await log.append(`registration-${aorOf(n)}`, [eventOf(n, 1)]);
    }
  };
  await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, work));
};

/** The projector's environment, for the process and for its command line. */
const environment = async (
  { kafka, memcached, etcd }: Engines,
  { prefix, generation }: Names,
  dataDir: string,
) => ({
  ...cleanEnv(),
  EVENT_LOG: 'kafka',
  KAFKA_BROKERS: kafka.endpoints.join(','),
  KAFKA_SINGLE: '1',
  KAFKA_TOPIC_PREFIX: prefix,
  KAFKA_PARTITIONS: String(PARTITIONS),
  VIEW_STORE: 'memcached',
  MEMCACHED_SERVERS: memcached.endpoints.join(','),
  MEMCACHED_TIMEOUT_MS: String(TIMEOUT_MS),
  VIEW_GENERATION: generation,
  SHARED_CONFIG: 'etcd',
  ETCD_ENDPOINTS: etcd.endpoints.join(','),
  ETCD_PREFIX: `/${prefix}`,
  DATA_DIR: dataDir,
  API_KEYS: 'accept-key-0123456789',
  LOG_LEVEL: 'warn',
  PROJECTOR_PORT: String(await freePort()),
  MANAGEMENT_PORT: String(await freePort()),
});

const MAIN = 'dist/apps/projector/src/main.js';

const startProjector = async (env: NodeJS.ProcessEnv, readyMsMax: number): Promise<Child> => {
  const child = startChild(process.execPath, [inRepository(MAIN)], { env });
  const isReady = async (): Promise<true | undefined> => {
    if (child.ended) throw new Error(`the projector ended: ${child.output()}`);
    const health = await fetch(`http://127.0.0.1:${env['MANAGEMENT_PORT']}/healthz`).catch(() => undefined);
    return health?.status === 200 ? true : undefined;
  };
  await until('the projector is ready', readyMsMax, isReady);
  return child;
};

/** A router's registrar, as far as the view goes. */
const openNode = async (engines: Engines, names: Names, log: EventLog, node: string): Promise<Node> => {
  const { memcached, etcd } = engines;
  const cluster = openMemcached({ servers: memcached.endpoints, clock, timeoutMs: TIMEOUT_MS });
  const shared: SharedConfig = await openEtcd({
    endpoints: etcd.endpoints,
    prefix: `/${names.prefix}.views`,
    clock,
  });
  const options: FollowOptions = {
    log,
    clock,
    logger: silentLogger,
    metrics: createMetrics(),
    onFailure: (view, error) => {
      throw new Error(`${view} cannot follow: ${String(error)}`);
    },
  };
  const own = { cluster, generation: names.generation, random, agreed: { shared, node } };
  const view = await openSharedRegistrationView(own, options, { begins: false });
  return {
    view,
    async close() {
      await view.stop();
      await shared.close();
      cluster.close();
    },
  };
};

const cseqOf = async ({ view }: Node, n: number): Promise<number> => {
  const event = eventOf(n, 1) as Extract<RegistrationEvent, { type: 'BindingAdded' }>;
  return entryOf(await view.rows.load(aorOf(n)), event.data.bindingId)?.binding?.cseq ?? 0;
};

/** Registrations at both nodes, each looked for at the other one at once. */
const registering = (log: EventLog, nodes: readonly Node[], { bindings, registrationsPerS }: Form) => {
  const acknowledged = new Map<number, number>();
  const missed: string[] = [];
  const faults: string[] = [];
  let isOver = false;
  const register = async (turn: number): Promise<void> => {
    const n = Math.floor(random.fraction() * (bindings + bindings / 100));
    const cseq = (acknowledged.get(n) ?? 1) + 1;
    const stream = `registration-${aorOf(n)}`;
    const event = eventOf(n, cseq);
    const [position] = await log.append(stream, [event]);
    const recorded: readonly Recorded<RegistrationEvent>[] = position ? [{ event, stream, position }] : [];
    await nodes[turn % 2]!.view.rows.apply(aorOf(n), recorded);
    acknowledged.set(n, Math.max(cseq, acknowledged.get(n) ?? 0));
    const found = await cseqOf(nodes[(turn + 1) % 2]!, n);
    if (found < cseq) missed.push(`${aorOf(n)} is ${found}, not ${cseq}`);
  };
  const work = async (): Promise<void> => {
    const startMs = performance.now();
    const pending = new Set<Promise<void>>();
    for (let turn = 0; !isOver; turn += 1) {
      const one = register(turn)
        .catch((error: unknown) => void faults.push(String(error)))
        .finally(() => pending.delete(one));
      pending.add(one);
      const waitMs = startMs + ((turn + 1) * 1_000) / registrationsPerS - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
    }
    await Promise.all(pending);
  };
  const ended = work();
  return {
    async end() {
      isOver = true;
      await ended;
      return { acknowledged, missed, faults };
    },
  };
};

/** Every binding is where the nodes read it now. */
const countMissing = async (
  nodes: readonly Node[],
  bindings: number,
  acknowledged: ReadonlyMap<number, number>,
): Promise<number> => {
  let missing = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let n = next++; n < bindings; n = next++)
      if ((await cseqOf(nodes[n % 2]!, n)) < (acknowledged.get(n) ?? 1)) missing += 1;
  };
  await Promise.all(Array.from({ length: READ_AT_ONCE }, work));
  for (const [n, cseq] of acknowledged)
    if (n >= bindings && (await cseqOf(nodes[0]!, n)) < cseq) missing += 1;
  return missing;
};

const judge = async (report: Report, form: Form, engines: Engines, dataDir: string): Promise<void> => {
  const names: Names = { prefix: `accept-${random.token(8)}`, generation: random.token(8) };
  const log = await openLog(engines, names);
  const open: (() => Promise<unknown>)[] = [() => log.close()];
  try {
    await fill(report, log, form.bindings);
    report.note('the projector builds the first keyspace');
    const env = await environment(engines, names, dataDir);
    const projector = await startProjector(env, form.readyMsMax);
    open.push(() => (projector.signal('SIGTERM'), projector.exit));
    const nodes = [await openNode(engines, names, log, 'one'), await openNode(engines, names, log, 'two')];
    for (const node of nodes) open.push(node.close);

    report.note('the view is rebuilt while registrations go on');
    const traffic = registering(log, nodes, form);
    const startMs = performance.now();
    const command = [inRepository(MAIN), 'rebuild', VIEW];
    const { stdout } = await promisify(execFile)(process.execPath, command, { env });
    const rebuildS = Math.round((performance.now() - startMs) / 100) / 10;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { acknowledged, missed, faults } = await traffic.end();
    report.note(stdout.trim());

    report.atMost('rebuildS', rebuildS, form.rebuildSMax);
    report.figure('bindings', form.bindings);
    report.figure('bindingsPerS', Math.round(form.bindings / rebuildS));
    report.figure('registrationsMeanwhile', acknowledged.size);
    report.atLeast(
      'registrationsPerSMeanwhile',
      Math.round(acknowledged.size / rebuildS),
      form.registrationsPerS / 4,
    );
    report.check('no registration fails meanwhile', faults.length === 0, faults.slice(0, 5).join('; '));
    report.check(
      'each is found by the other node at once',
      missed.length === 0,
      missed.slice(0, 5).join('; '),
    );
    const serving = nodes.map(({ view }) => view.keyspaces.serving);
    report.check(
      'both nodes read the new keyspace',
      serving.every((each) => each.includes('-r')),
      serving.join(', '),
    );
    report.atMost('missingAfter', await countMissing(nodes, form.bindings, acknowledged), 0);
  } finally {
    for (const close of open.reverse()) await close();
  }
};

export const line: Line = {
  async run(report) {
    const form = report.quick ? SHORT : FULL;
    process.env['MEMCACHED_MB'] ??= MEMCACHED_MB;
    const dataDir = mkdtempSync(path.join(tmpdir(), 'accept-projector-'));
    const started: RealEngine[] = [];
    const start = async (engine: string): Promise<RealEngine> => {
      const running = await startRealEngine(engine);
      started.push(running);
      return running;
    };
    try {
      // One after the other: each looks for free ports.
      const engines = {
        kafka: await start('kafka'),
        memcached: await start('memcached'),
        etcd: await start('etcd'),
      };
      await judge(report, form, engines, dataDir);
    } finally {
      await Promise.all(started.map((engine) => engine.stop()));
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};
