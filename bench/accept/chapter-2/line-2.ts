// 2.2: the simulation finds nothing in many storms in which every kind of fault came, and it does find each planted defect.
import { startChild } from '../../harness/children.js';
import { inRepository } from '../../harness/root.js';
import { checkTests } from '../jest-run.js';
import type { Line } from '../line.js';

/** Hours, on all cores: a run that was ended goes on where it was. */
const FULL = ['--seeds=10000', '--steps=5000', `--resume=${inRepository('dist/sim-10000-5000.json')}`];
const QUICK = ['--seeds=30'];

type Summary = Readonly<{
  seeds: number;
  steps: number;
  violations: number;
  faults: Readonly<Record<string, number>>;
}>;

export const line: Line = {
  async run(report) {
    const main = inRepository('dist/apps/clearwater/sim/main.js');
    const asked = report.quick ? QUICK : FULL;
    const child = startChild(process.execPath, ['--enable-source-maps', main, ...asked], { echo: true });
    const code = await child.exit;
    const told = child
      .output()
      .split('\n')
      .findLast((row) => row.startsWith('{'));
    report.check('the simulation finds nothing', code === 0, child.output().slice(-1_000));
    report.check('it tells what it did', told !== undefined);
    if (told !== undefined) {
      const { seeds, steps, violations, faults } = JSON.parse(told) as Summary;
      report.figure('seeds', seeds);
      report.figure('steps', steps);
      report.figure('faults', faults);
      report.atMost('violations', violations, 0);
      for (const [kind, times] of Object.entries(faults))
        report.check(`${kind} was injected`, times > 0, `${times} times`);
    }
    await checkTests(report, 'planted defects', ['apps/clearwater/sim/storm/planted'], { atLeast: 5 });
  },
};
