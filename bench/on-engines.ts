// `npm run bench -- register --log kafka` and `call --workers N`: CPU a flow of an edge and a router on real engines (one broker, memcached),
// each of N processes on its ports; the other programs of ours are told beside. Caller and callee are at different workers.
import { createSocket } from 'node:dgram';
import { prepareCalls, prepareRegistrations } from './flows.js';
import { sleep, until } from './harness/children.js';
import { type BenchCluster, withCluster } from './harness/cluster.js';
import type { Load } from './measure/cpu-runs.js';
import { freePort } from './harness/ports.js';
import { cpuUsOf } from './measure/process-tree.js';
import { median, progress, round } from './measure/report.js';
import type { SippResult } from './harness/sipp.js';

export type OnEnginesOptions = Readonly<{
  flow: 'register' | 'call';
  workers: number;
  rate: number;
  seconds: number;
  runs: number;
  users: number;
}>;

export type OnEnginesFigures = Readonly<{
  workers: number;
  /** Of edge and router together. */
  cpuUsPerFlow: number;
  runs: readonly number[];
  /** Of each other program of ours, medians. */
  othersUsPerFlow: Readonly<Record<string, number>>;
  rate: number;
  users: number;
  failed: number;
  p99Ms: number | undefined;
  /** Messages that a worker handed to another, all runs. */
  handedOver: number;
}>;

const EACH = { bono: 1, sprout: 1, homestead: 1, 'homestead-prov': 1, homer: 1, projector: 0, chronos: 0 };
const CORE: readonly string[] = ['bono-1', 'sprout-1'];
const WARM_UP_S = 4;
const LOOK_MS_MAX = 5_000;
const PORTS_TRIED_MAX = 40;

type Snapshot = ReadonlyMap<string, number>;

const snapshotOf = ({ cluster }: BenchCluster): Snapshot =>
  new Map(cluster.members.map(({ name }) => [name, cpuUsOf(cluster.pid(name))]));

/** A counter of the edge, summed over its kinds, by worker. */
const countsOf = async (
  bench: BenchCluster,
  workers: number,
  pattern: RegExp,
): Promise<readonly number[]> => {
  const ports = Array.from({ length: workers }, (_, worker) =>
    workers === 1 ? 9887 : 9887 + 100 * (worker + 1),
  );
  return Promise.all(
    ports.map(async (port) => {
      const text = await (await fetch(`http://${bench.bono(1)}:${port}/metrics`)).text();
      return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
    }),
  );
};

const REQUESTS = /^bono_sip_total\{[^}]*kind="request"[^}]*\} (\S+)$/gm;
const HANDED = /^bono_handover_total\{[^}]*kind="given"[^}]*\} (\S+)$/gm;

const sendFrom = (localPort: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const id = `probe${localPort}`;
    const text =
      `OPTIONS sip:nobody@ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${localPort};branch=z9hG4bK${id}\r\nMax-Forwards: 70\r\n` +
      `From: <sip:a@ims.test>;tag=1\r\nTo: <sip:a@ims.test>\r\nCall-ID: ${id}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(localPort, '127.0.0.1', () =>
      socket.send(text, 5060, host, () => socket.close(() => resolve())),
    );
  });

/** A port whose datagrams the kernel gives to that worker of the edge. */
const portAt = async (bench: BenchCluster, workers: number, worker: number): Promise<number> => {
  for (let tried = 0; tried < PORTS_TRIED_MAX; tried += 1) {
    const port = await freePort();
    const before = await countsOf(bench, workers, REQUESTS);
    await sendFrom(port, bench.bono(1));
    const at = await until('the edge to read a datagram', LOOK_MS_MAX, async () => {
      const after = await countsOf(bench, workers, REQUESTS);
      const grown = after.findIndex((count, n) => count > (before[n] ?? 0));
      return grown < 0 ? undefined : grown;
    });
    if (at === worker) return port;
  }
  throw new Error(`no port leads to worker ${worker}`);
};

type Prepared = Readonly<{ load: Load; dispose(): unknown }>;

const prepare = async (
  bench: BenchCluster,
  { flow, workers, users }: OnEnginesOptions,
): Promise<Prepared> => {
  const target = `${bench.bono(1)}:5060`;
  await bench.provision(users);
  if (flow === 'register') return prepareRegistrations(target, users);
  const ports = {
    callerPort: await portAt(bench, workers, 0),
    calleePort: await portAt(bench, workers, workers - 1),
  };
  const calls = await prepareCalls(target, users, ['a', 'b'], ports);
  await calls.register();
  return calls;
};

const measure = async (
  bench: BenchCluster,
  load: Load,
  { rate, seconds, runs, workers, users }: OnEnginesOptions,
): Promise<OnEnginesFigures> => {
  await load(rate, rate * WARM_UP_S);
  const perRun: Map<string, number>[] = [];
  const results: SippResult[] = [];
  const handedBefore = await countsOf(bench, workers, HANDED);
  for (let run = 0; run < runs; run += 1) {
    await sleep(1_000);
    const before = snapshotOf(bench);
    const result = await load(rate, rate * seconds);
    const after = snapshotOf(bench);
    results.push(result);
    const flows = Math.max(1, result.successful);
    perRun.push(new Map([...after].map(([name, cpu]) => [name, (cpu - (before.get(name) ?? 0)) / flows])));
    const shown = [...perRun.at(-1)!].map(([name, us]) => `${name} ${round(us)}`).join(', ');
    progress(
      `${rate}/s for ${seconds} s, µs a flow: ${shown}; ${result.failed} failed, p99 < ${result.p99Ms ?? '?'} ms`,
    );
    if (result.failed > 0) progress(result.errors.slice(0, 1_000));
  }
  const handed = await countsOf(bench, workers, HANDED);
  const core = perRun.map((one) => CORE.reduce((sum, name) => sum + (one.get(name) ?? 0), 0));
  const others = bench.cluster.members.map(({ name }) => name).filter((name) => !CORE.includes(name));
  return {
    workers,
    cpuUsPerFlow: round(median(core)),
    runs: core.map((figure) => round(figure)),
    othersUsPerFlow: Object.fromEntries(
      others.map((name) => [name, round(median(perRun.map((one) => one.get(name) ?? 0)))]),
    ),
    rate,
    users,
    failed: results.reduce((sum, { failed }) => sum + failed, 0),
    p99Ms: results.at(-1)?.p99Ms,
    handedOver: handed.reduce((sum, count, n) => sum + count - (handedBefore[n] ?? 0), 0),
  };
};

export const benchOnEngines = async (options: OnEnginesOptions): Promise<OnEnginesFigures> => {
  let figures: OnEnginesFigures | undefined;
  const { workers } = options;
  const env = { REG_MAX_EXPIRES: '3600', LOG_LEVEL: 'warn' };
  await withCluster({ kafkaNodes: 1, isPinned: false, each: EACH, workers, env }, async (bench) => {
    const { load, dispose } = await prepare(bench, options);
    try {
      figures = await measure(bench, load, options);
    } finally {
      await dispose();
    }
    if (bench.endedByThemselves.length > 0) throw new Error(bench.endedByThemselves.join('\n'));
  });
  return figures!;
};
