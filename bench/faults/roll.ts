// One node after the other taken out of a cluster under load and brought back, perhaps of another build: drained first, as an operator does it, or merely
// stopped, as nodes have to be that know of no drain. What clients were told is judged as with faults. Used by accept 8.3.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Member } from '#apps/cluster';
import { countLost } from '../accept/acknowledged.js';
import { checkCallBetween } from '../accept/checks.js';
import type { Report } from '../accept/line.js';
import { sleep } from '../harness/children.js';
import type { BenchCluster } from '../harness/cluster.js';
import { cleanEnv } from '../harness/product.js';
import { inRepository } from '../harness/root.js';
import { type Allowed, type Answer, carriedCalls, judgeAnswers, NO_ANSWER } from './answers.js';
import { chargedFor, type FaultBench } from './charged.js';
import type { Edge, FaultLoad, Rates } from './load.js';
import { countsOf, lastWords, marksInLog } from './play.js';
import { setFaultTimers } from './timers.js';

const CALM_MS = 2_000;
const AFTER_MS = 6_000;
const SHOWN_MAX = 5;
const COMMAND_MS_MAX = 120_000;
/** Until a node that is told to drain does. */
const HEARD_MS = 1_000;
/** Of a consumer group that a member leaves and joins: rebalance, and what a process needs to start. */
const OWNER_GONE_MS_MAX = 17_000;

export type Step = Readonly<{
  /** Name of the member. */
  name: string;
  /** Without it is stopped by SIGTERM alone. */
  isDrained: boolean;
  /** Of the build that it is started with again. */
  programs: string;
}>;

type Ran = Readonly<{ code: number; output: string }>;

/** `npm run config -- …` on the cluster's etcd. */
export const configCommand = ({ engines, name }: BenchCluster, ...args: readonly string[]): Promise<Ran> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cluster-command-'));
  const env = { ...cleanEnv(), SHARED_CONFIG: 'etcd', ETCD_ENDPOINTS: engines.etcd.endpoints.join(','), ETCD_PREFIX: `/${name}`, DATA_DIR: folder };
  const file = inRepository('dist/apps/clearwater/src/cli/config.js');
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { env, timeout: COMMAND_MS_MAX }, (error, stdout, stderr) => {
      rmSync(folder, { recursive: true, force: true });
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}`.trim() });
    });
  });
}; // prettier-ignore

/** The edge that it is, where it is one. */
const edgeOf = ({ app, name }: Member): Edge | undefined =>
  app !== 'bono' ? undefined : name.endsWith('-1') ? 1 : 2;

const IN_FLIGHT: readonly number[] = [NO_ANSWER, 408, 500, 503, 504];

const allowedFor = (edge: Edge | undefined, isDrained: boolean): readonly Allowed[] => {
  if (!isDrained && edge !== undefined) return [{ REGISTER: IN_FLIGHT, INVITE: IN_FLIGHT, BYE: IN_FLIGHT, edge }];
  if (!isDrained) return [{ REGISTER: IN_FLIGHT, INVITE: IN_FLIGHT, BYE: IN_FLIGHT, isInFlightOnly: true }];
  // Who registers at an edge that drains is sent to the other one, and registered there.
  return edge === undefined ? [] : [{ REGISTER: [503], edge, needsRetryAfter: true, isTakenElsewhere: true }];
}; // prettier-ignore

/** Out of work; what was said, and how long it took. */
const drain = async (report: Report, bench: FaultBench, loads: readonly FaultLoad[], member: Member): Promise<number> => {
  const beganMs = performance.now();
  const isAlone = bench.cluster.members.filter(({ app }) => app === member.app).length === 1;
  const order = ['cluster', 'drain', member.address, ...(isAlone ? ['--force'] : [])];
  const edge = edgeOf(member);
  if (edge !== undefined) {
    // Its phones have to come by before it is drained.
    await configCommand(bench, ...order, '--no-wait');
    await sleep(HEARD_MS);
    const told: Answer[] = [];
    for (const load of loads) told.push(...(await load.refreshAt(edge)));
    const kept = told.filter(({ status }) => status !== 503);
    report.check(`${member.name}: whoever refreshes there is told to go elsewhere`, told.length > 0 && kept.length === 0, JSON.stringify(kept));
  }
  const { code, output } = await configCommand(bench, ...order);
  report.check(`${member.name}: is drained`, code === 0, output);
  return Math.round(performance.now() - beganMs);
}; // prettier-ignore

/** Takes it out, ends it, and starts it; ms of each. */
const replace = async (report: Report, bench: FaultBench, loads: readonly FaultLoad[], step: Step) => {
  const { cluster } = bench;
  const member = cluster.member(step.name);
  const drainMs = step.isDrained ? await drain(report, bench, loads, member) : undefined;
  const endMs = performance.now();
  const code = await cluster.end(step.name, 'SIGTERM');
  report.check(`${step.name}: ends with 0`, code === 0, String(code));
  const startMs = performance.now();
  if (step.isDrained) {
    // It stays out of work over its restart until it is asked back.
    const { code: undrained, output } = await configCommand(bench, 'cluster', 'undrain', absentName(member, await configCommand(bench, 'cluster', 'status')), '--no-wait');
    report.check(`${step.name}: is asked back`, undrained === 0, output);
  }
  await cluster.launch(step.name, step.programs);
  return { drainMs, endMs: Math.round(startMs - endMs), startMs: Math.round(performance.now() - startMs) };
}; // prettier-ignore

/** As `cluster status` lists who is to be drained and not there. */
const absentName = ({ address }: Member, { output }: Ran): string =>
  new RegExp(`^(\\S+_${address.replaceAll('.', '\\.')}_\\d+) is not there`, 'm').exec(output)?.[1] ?? address;

/** Under the load whose SIPp is not at an edge that is replaced. */
export const rollNode = async (
  report: Report,
  bench: FaultBench,
  loads: readonly [FaultLoad, FaultLoad],
  rates: Rates,
  step: Step,
): Promise<void> => {
  const { name, isDrained } = step;
  const edge = edgeOf(bench.cluster.member(name));
  const load = loads[edge === 1 ? 1 : 0];
  report.note(`${name}: ${isDrained ? 'drained and ' : ''}replaced`);
  const endedBefore = bench.endedByThemselves.length;
  const isOfTimers = name.startsWith('chronos');
  const popped = isOfTimers ? await setFaultTimers(bench, OWNER_GONE_MS_MAX) : undefined;
  const stop = await load.start(rates);
  await sleep(CALM_MS);
  const beganMs = Date.now();
  const took = await replace(report, bench, loads, step).catch((error: unknown) => {
    report.check(`${name}: is replaced`, false, String(error));
    return {};
  });
  const passedMs = Date.now();
  await sleep(AFTER_MS);
  const { answers, sipp, called } = await stop();
  const [one, other] = load.rested;
  await checkCallBetween(report, one, other, `${name}: after it, between phones of both edges`).catch((error: unknown) =>
    report.check(`${name}: after it phones of both edges call each other`, false, String(error)),
  );
  const { counts, violations } = judgeAnswers(answers, allowedFor(edge, isDrained), { beganMs, passedMs });
  const lost = await countLost(report, load.acknowledged);
  const inLog = await marksInLog(bench);
  const notInLog = [...load.marks].filter((mark) => !inLog.has(mark));
  const timers = await popped?.();
  const charged = await chargedFor(bench.cdf, new Set(carriedCalls(answers)));
  const ended = bench.endedByThemselves.slice(endedBefore);
  const elsewhere = answers.filter(({ isTakenElsewhere }) => isTakenElsewhere).length;
  report.figure(name, { ...took, told: counts, wentElsewhere: elsewhere, sippCalls: countsOf(sipp.calls), sippRegistrations: countsOf(sipp.registrations), ...(timers === undefined ? {} : { timers }) });
  if (violations.length > 0) for (const text of lastWords(bench)) report.note(text);
  const what = isDrained ? 'no transaction fails' : 'none fails but what was in flight';
  report.check(`${name}: ${what}`, violations.length === 0, `${violations.length}: ${violations.slice(0, SHOWN_MAX).join('; ')}`);
  report.check(`${name}: every binding that was acknowledged is found`, lost === 0, String(lost));
  report.check(`${name}: every registration that was acknowledged is in the log`, notInLog.length === 0, notInLog.slice(0, SHOWN_MAX).join('; '));
  report.check(`${name}: nobody is called twice for one call`, called.size <= sipp.calls.created, `${called.size} of ${sipp.calls.created}`);
  if (timers !== undefined) report.check(`${name}: no timer is lost, none is late`, timers.set > 0 && timers.lost === 0 && timers.latestMs <= timers.latestMsMax, JSON.stringify(timers));
  report.check(`${name}: each call that was carried is charged, once`, charged.missing.length + charged.doubled.length === 0, [...charged.missing, ...charged.doubled].slice(0, SHOWN_MAX).join('; '));
  report.check(`${name}: there was a load`, load.marks.size > 0 && sipp.calls.successful > 0 && sipp.registrations.successful > 0);
  report.check(`${name}: no process ends by itself`, ended.length === 0, ended.join('\n'));
}; // prettier-ignore
