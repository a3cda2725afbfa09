// Whether each alarm is raised: Prometheus looks at a cluster under load with the alarms that are shipped; none may fire before anything is wrong. Then each
// condition is brought about by a fault (alarm-faults.ts), and its alarm has to fire, with its summary and a page that there is. Part of accept 8.7.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Report } from '../accept/line.js';
import { sleep } from '../harness/children.js';
import { type BenchCluster, withCluster } from '../harness/cluster.js';
import { inRepository } from '../harness/root.js';
import type { AlarmBench, AlarmFault } from './alarm.js';
import { ALARM_ENV, ALARM_FAULTS, NOT_RAISED } from './alarm-faults.js';
import { startFaultCdf } from './charged.js';
import { createCuts } from './cuts.js';
import { startFaultHss } from './hss.js';
import { everybody, prepareLoad, type Rates } from './load.js';
import { type Firing, type Prometheus, startPrometheus } from './prometheus.js';

const RATES: Rates = { sippRegistersPerS: 10, phoneRegistersPerS: 5, callsPerS: 2 };
/** Without any fault, before the first: longer than any alarm waits when it is hurried, and than a rate looks back. */
const CALM_MS = 75_000;
/** Beside the time that a condition has to last: until it is there, and seen. */
const RAISED_MS_MAX = 120_000;
const LOOK_MS = 500;

export type AlarmOptions = Readonly<{
  /** Conditions have to last a so many-th of the time that they have to in service. 1: as shipped. */
  hurry: number;
  /** Only faults that raise one of these. Default: all. */
  only?: readonly string[];
}>;

/** Management ports of who runs, and of who should. */
const targetsOf = ({ cluster }: BenchCluster): string[] =>
  cluster.members.map(({ managementUrl }) => managementUrl.replace('http://', ''));

const namesOf = (firing: readonly Firing[]): readonly string[] => [
  ...new Set(firing.map(({ name }) => name)),
];

/** Resolves with what fires of those that are wanted, once all do or it has taken too long. */
const waitFor = async (prometheus: Prometheus, wanted: readonly string[], withinMs: number): Promise<readonly Firing[]> => {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const firing = (await prometheus.firing()).filter(({ name }) => wanted.includes(name));
    if (namesOf(firing).length === wanted.length || performance.now() > endMs) return firing;
    await sleep(LOOK_MS);
  }
}; // prettier-ignore

const raise = async (report: Report, bench: AlarmBench, prometheus: Prometheus, fault: AlarmFault): Promise<void> => {
  const { alarms: wanted, what } = fault;
  report.note(`${wanted.join(', ')}: ${what}`);
  const before = namesOf(await prometheus.firing()).filter((name) => wanted.includes(name));
  report.check(`${wanted.join(', ')}: none fires before ${what}`, before.length === 0, before.join(', '));
  const of = prometheus.alarms.filter(({ name }) => wanted.includes(name));
  const startMs = performance.now();
  const firing: Firing[] = [];
  const within = async (names: readonly string[]): Promise<void> => {
    const forMs = Math.max(0, ...of.filter(({ name }) => names.includes(name)).map((one) => one.forMs));
    firing.push(...(await waitFor(prometheus, names, forMs + RAISED_MS_MAX)));
  };
  try {
    const late = fault.raisedByEnd ?? [];
    await fault.begin(bench);
    await within(wanted.filter((name) => !late.includes(name)));
    await fault.end(bench);
    if (late.length > 0) await within(late);
  } catch (error) {
    report.check(`${wanted.join(', ')}: the fault is brought about`, false, String(error));
  }
  report.figure(wanted.join(', '), { fault: what, firing: namesOf(firing), afterS: Math.round((performance.now() - startMs) / 1000) });
  for (const { name, runbook } of of) {
    const raised = firing.filter((one) => one.name === name);
    report.check(`${name} is raised by: ${what}`, raised.length > 0);
    const isLinked = raised.every((one) => one.runbook === runbook && one.summary !== '' && existsSync(inRepository(one.runbook)));
    report.check(`${name} says what it is, and links its page`, raised.length > 0 && isLinked, JSON.stringify(raised[0]));
  }
}; // prettier-ignore

const raiseAll = async (report: Report, cluster: Omit<AlarmBench, 'look' | 'folder'>, folder: string, { hurry, only }: AlarmOptions): Promise<void> => {
  const prometheus = await startPrometheus(folder, hurry);
  const load = await prepareLoad(cluster);
  const stop = await load.start(RATES);
  try {
    const targets = targetsOf(cluster);
    prometheus.look(targets);
    const look = (target: string): (() => void) => {
      targets.push(target);
      prometheus.look(targets);
      return () => {
        targets.splice(targets.indexOf(target), 1);
        prometheus.look(targets);
      };
    };
    await sleep(CALM_MS);
    const firing = await prometheus.firing();
    report.check('no alarm fires before anything is wrong', firing.length === 0, JSON.stringify(firing));
    const faults = ALARM_FAULTS.filter(({ alarms }) => only === undefined || alarms.some((name) => only.includes(name)));
    for (const fault of faults) await raise(report, { ...cluster, folder, look }, prometheus, fault);
    if (only === undefined) for (const [name, why] of Object.entries(NOT_RAISED)) report.check(`${name} is raised`, false, why);
    report.figure('hurry', hurry);
  } finally {
    await stop().catch(() => undefined);
    load.close();
    await prometheus.stop();
  }
}; // prettier-ignore

/** A cluster of its own, whose subscribers are in an HSS; all alarms one after the other. */
export const raiseAlarms = async (report: Report, options: AlarmOptions): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'alarms-'));
  const cdf = await startFaultCdf(folder);
  const hss = await startFaultHss(folder, everybody());
  const cuts = createCuts();
  const env = { REG_MAX_EXPIRES: '3600', LOG_LEVEL: 'warn', CDF_PEERS: cdf.peer, HSS_PEERS: hss.peer, ...ALARM_ENV };
  try {
    await withCluster(
      { kafkaNodes: 1, memcachedNodes: 3, isPinned: false, each: { ralf: 2 }, env, enginesEnv: cuts.enginesEnv, envOf: (places) => cuts.envOf(places) },
      (cluster) => raiseAll(report, { ...cluster, cdf, cuts, hss }, folder, options),
    );
  } finally {
    await cuts.close();
    await cdf.kill();
    await hss.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}; // prettier-ignore
