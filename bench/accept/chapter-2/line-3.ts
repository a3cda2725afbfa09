// 2.3: `npm run fuzz -- --minutes 60`, from an empty corpus: every target takes inputs until the end, none of them fails, hangs
// or makes memory grow. The short form is the 3 minutes of continuous integration.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startChild } from '../../harness/children.js';
import { cleanEnv } from '../../harness/product.js';
import { inRepository, ROOT } from '../../harness/root.js';
import type { Line, Report } from '../line.js';

const MINUTES = 60;
const QUICK_MINUTES = 3;
/** parser, fields, route, uri, via, top-via, name-addr, digest, integrity, contacts, stream, ws, criteria, log, checkpoint. */
const TARGETS_MIN = 15;
/** The slowest one, a connection an input, makes 1,800 of them on a core that it shares with nobody. */
const INPUTS_A_MINUTE_MIN = 200;
const RSS_MIB_MAX = 700;
const HEAP_GROWTH_MIB_MAX = 48;

type Outcome = Readonly<{
  inputs: number;
  perTarget: Readonly<Record<string, number>>;
  minutes: number;
  rssMiB: number;
  heapGrowthMiB: number;
  failures: readonly object[];
}>;

const judge = (report: Report, outcome: Outcome, minutes: number): void => {
  const { inputs, perTarget, rssMiB, heapGrowthMiB, failures } = outcome;
  report.figure('inputs', inputs);
  report.figure('perTarget', perTarget);
  report.check('no input fails', failures.length === 0, JSON.stringify(failures));
  report.atLeast('minutes', outcome.minutes, minutes);
  report.atLeast('targets', Object.keys(perTarget).length, TARGETS_MIN);
  const fewest = Math.min(...Object.values(perTarget));
  report.atLeast('fewestInputsAMinute', Math.round(fewest / minutes), INPUTS_A_MINUTE_MIN);
  report.atMost('heapGrowthMiB', heapGrowthMiB, HEAP_GROWTH_MIB_MAX);
  report.atMost('rssMiB', rssMiB, RSS_MIB_MAX);
};

export const line: Line = {
  async run(report) {
    const minutes = report.quick ? QUICK_MINUTES : MINUTES;
    const corpus = mkdtempSync(path.join(tmpdir(), 'corpus-'));
    try {
      const main = inRepository('dist/bench/fuzz/main.js');
      const args = ['--enable-source-maps', main, '--minutes', String(minutes), '--corpus', corpus];
      const child = startChild(process.execPath, args, { cwd: ROOT, env: cleanEnv(), echo: true });
      // The fuzzer ends itself when an input hangs: by a signal, without its last line.
      const code = await child.exit;
      report.check('the fuzzer exits with 0', code === 0, child.output().slice(-1_000));
      const told = child
        .output()
        .split('\n')
        .findLast((row) => row.startsWith('{"inputs"'));
      report.check('it tells what it did', told !== undefined);
      if (told !== undefined) judge(report, JSON.parse(told) as Outcome, minutes);
    } finally {
      rmSync(corpus, { recursive: true, force: true });
    }
  },
};
