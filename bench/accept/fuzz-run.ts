// A run of the fuzzer as part of a line: from an empty corpus, every target takes inputs until the end, none of them fails, hangs or
// makes memory grow.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startChild } from '../harness/children.js';
import { cleanEnv } from '../harness/product.js';
import { inRepository, ROOT } from '../harness/root.js';
import type { Report } from './line.js';

/** The slowest target, a connection an input, makes 1,800 of them on a core that it shares with nobody. */
const INPUTS_A_MINUTE_MIN = 200;
const RSS_MIB_MAX = 700;
const HEAP_GROWTH_MIB_MAX = 48;

export type FuzzRun = Readonly<{
  minutes: number;
  targetsMin: number;
  /** Only these; all when absent. */
  targets?: readonly string[];
}>;

type Outcome = Readonly<{
  inputs: number;
  perTarget: Readonly<Record<string, number>>;
  minutes: number;
  rssMiB: number;
  heapGrowthMiB: number;
  failures: readonly object[];
}>;

const judge = (report: Report, outcome: Outcome, { minutes, targetsMin }: FuzzRun): void => {
  const { inputs, perTarget, rssMiB, heapGrowthMiB, failures } = outcome;
  report.figure('inputs', inputs);
  report.figure('perTarget', perTarget);
  report.check('no input fails', failures.length === 0, JSON.stringify(failures));
  report.atLeast('minutes', outcome.minutes, minutes);
  report.atLeast('targets', Object.keys(perTarget).length, targetsMin);
  const fewest = Math.min(...Object.values(perTarget));
  report.atLeast('fewestInputsAMinute', Math.round(fewest / minutes), INPUTS_A_MINUTE_MIN);
  report.atMost('heapGrowthMiB', heapGrowthMiB, HEAP_GROWTH_MIB_MAX);
  report.atMost('rssMiB', rssMiB, RSS_MIB_MAX);
};

export const checkFuzzing = async (report: Report, run: FuzzRun): Promise<void> => {
  const corpus = mkdtempSync(path.join(tmpdir(), 'corpus-'));
  try {
    const main = inRepository('dist/bench/fuzz/main.js');
    const targets = run.targets === undefined ? [] : ['--target', run.targets.join(',')];
    const args = [
      '--enable-source-maps',
      main,
      '--minutes',
      String(run.minutes),
      '--corpus',
      corpus,
      ...targets,
    ];
    const child = startChild(process.execPath, args, { cwd: ROOT, env: cleanEnv(), echo: true });
    // The fuzzer ends itself when an input hangs: by a signal, without its last line.
    const code = await child.exit;
    report.check('the fuzzer exits with 0', code === 0, child.output().slice(-1_000));
    const told = child
      .output()
      .split('\n')
      .findLast((row) => row.startsWith('{"inputs"'));
    report.check('it tells what it did', told !== undefined);
    if (told !== undefined) judge(report, JSON.parse(told) as Outcome, run);
  } finally {
    rmSync(corpus, { recursive: true, force: true });
  }
};
