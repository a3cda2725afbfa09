// 8.3: under SIPp's registrations and calls and phones that register, each node in turn is drained, ended and brought back: no transaction fails; and each node of a
// cluster of a former build is exchanged for one of this: none fails but what was in flight, and what was added to events is written once all know it.
// The short form drains one node of each program. While one works on it: ROLL_PARTS=drain,upgrade, ROLL_NODES=sprout-1,bono-2, UPGRADE_FROM=<commit>.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type FaultBench, startFaultCdf } from '../../faults/charged.js';
import { createCuts } from '../../faults/cuts.js';
import { prepareLoad, type Rates } from '../../faults/load.js';
import { versionsInLog } from '../../faults/play.js';
import { configCommand, rollNode, type Step } from '../../faults/roll.js';
import { sleep } from '../../harness/children.js';
import { type BenchClusterOptions, withCluster } from '../../harness/cluster.js';
import { formerBuild } from '../../harness/former-build.js';
import { inRepository } from '../../harness/root.js';
import type { Line, Report } from '../line.js';

/** Closed chapter 7. */
const FORMER = '8ce4fdf';
const RATES: Rates = { sippRegistersPerS: 15, phoneRegistersPerS: 5, callsPerS: 2 };
/** Who answers others before those who ask them; edges last, as their phones go elsewhere. */
const ORDER = [
  'rogers',
  'homestead',
  'homestead-prov',
  'homer',
  'sprout',
  'projector',
  'chronos',
  'ralf',
  'ellis',
  'bono',
];
/** Until what is added to events is written: three leases and a look, and what a busy machine takes. */
const GATE_MS_MAX = 90_000;
const LOOK_MS = 5_000;

/** Those that are played, in their order. */
const nodesOf = (bench: FaultBench, isShort: boolean): readonly string[] => {
  const names = process.env['ROLL_NODES']?.split(',');
  const members = ORDER.flatMap((app) =>
    bench.cluster.members.filter((one) => one.app === app).map(({ name }) => name),
  );
  if (names !== undefined) return members.filter((name) => names.includes(name));
  return isShort ? members.filter((name) => name.endsWith('-1')) : members;
};

/** A cluster with the loads, each of whose nodes is rolled; `after` when all are. */
const roll = async (
  report: Report,
  options: Pick<BenchClusterOptions, 'programs' | 'each'>,
  { isShort, isDrained }: Readonly<{ isShort: boolean }> & Pick<Step, 'isDrained'>,
  after: (bench: FaultBench, roll: (name: string, isDrained: boolean) => Promise<void>) => Promise<void>,
  beforeLast: (bench: FaultBench) => Promise<void> = () => Promise.resolve(),
): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rolling-'));
  const cdf = await startFaultCdf(folder);
  const cuts = createCuts();
  const env = { REG_MAX_EXPIRES: '3600', LOG_LEVEL: 'warn', CDF_PEERS: cdf.peer, DRAIN_MAX_S: '90' };
  try {
    await withCluster(
      { kafkaNodes: 1, memcachedNodes: 3, isPinned: false, env, ...options },
      async (cluster) => {
        const bench: FaultBench = { ...cluster, cdf, cuts };
        report.note('subscribers, and who calls and is called, at both edges');
        const place = { sets: 2, goesElsewhere: true };
        const atFirst = await prepareLoad(bench, { ...place, edge: 1, set: 0 });
        const atSecond = await prepareLoad(bench, { ...place, edge: 2, set: 1 });
        const one = (name: string, isFirstDrained: boolean): Promise<void> =>
          rollNode(report, bench, [atFirst, atSecond], RATES, {
            name,
            isDrained: isFirstDrained,
            programs: inRepository('dist'),
          });
        try {
          for (const [at, name] of nodesOf(bench, isShort).entries()) {
            if (at === nodesOf(bench, isShort).length - 1) await beforeLast(bench);
            await one(name, isDrained);
          }
          await after(bench, one);
        } finally {
          atFirst.close();
          atSecond.close();
        }
      },
    );
  } finally {
    await cuts.close();
    await cdf.kill();
    rmSync(folder, { recursive: true, force: true });
  }
};

const checkAllReady = async (report: Report, bench: FaultBench): Promise<void> => {
  const { output } = await configCommand(bench, 'cluster', 'status');
  const ready = output.split('\n').filter((line) => / ready /.test(line)).length;
  report.check('all nodes are ready at the end', ready === bench.cluster.members.length, output);
};

const rollingDrain = (report: Report): Promise<void> => {
  const each = { ralf: 2, ...(report.quick ? {} : { ellis: 2 }) };
  return roll(report, { each }, { isShort: report.quick, isDrained: true }, (bench) =>
    checkAllReady(report, bench),
  );
};

/** Of events in version 2. */
const added = (versions: Readonly<Record<string, number>>): number =>
  Object.entries(versions).reduce((sum, [name, count]) => sum + (name.endsWith(' v2') ? count : 0), 0);

const rollingUpgrade = (report: Report): Promise<void> => {
  const former = process.env['UPGRADE_FROM'] ?? FORMER;
  report.note(`the build of ${former}`);
  const programs = formerBuild(former);
  const each = { ralf: 2, ...(report.quick ? {} : { ellis: 2 }) };
  let mixed: Readonly<Record<string, number>> = {};
  const whileMixed = async (bench: FaultBench): Promise<void> => {
    mixed = await versionsInLog(bench);
    report.figure('eventsWhileMixed', mixed);
    const isOld =
      (mixed['BindingAdded v1'] ?? 0) > 0 && added(mixed) === 0 && mixed['unreadable'] === undefined;
    report.check(
      'as long as one node is of the former build, all write what it reads',
      isOld,
      JSON.stringify(mixed),
    );
  };
  return roll(
    report,
    { programs, each },
    { isShort: false, isDrained: false },
    async (bench, one) => {
      await checkAllReady(report, bench);
      const endMs = performance.now() + GATE_MS_MAX;
      const isOpen = async (): Promise<boolean> =>
        (await configCommand(bench, 'get', 'events.registration.BindingAdded')).output === '2';
      while (!(await isOpen()) && performance.now() < endMs) await sleep(LOOK_MS);
      report.check('what was added to events may be written', await isOpen());
      // Under load again, a node of this build drained meanwhile.
      await one('sprout-1', true);
      const later = await versionsInLog(bench);
      report.figure('eventsLater', later);
      report.check(
        'events of both versions are there, and read',
        added(later) > 0 && later['unreadable'] === undefined,
        JSON.stringify(later),
      );
    },
    whileMixed,
  );
};

export const line: Line = {
  async run(report) {
    const parts = (process.env['ROLL_PARTS'] ?? (report.quick ? 'drain' : 'drain,upgrade')).split(',');
    if (parts.includes('drain')) await rollingDrain(report);
    if (parts.includes('upgrade')) await rollingUpgrade(report);
    if (report.quick) return;
    const isChosen = process.env['ROLL_PARTS'] !== undefined || process.env['ROLL_NODES'] !== undefined;
    report.check('every node is rolled', !isChosen, 'ROLL_PARTS or ROLL_NODES chose some');
  },
}; // prettier-ignore
