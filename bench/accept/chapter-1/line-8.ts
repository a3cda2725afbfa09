// 1.8: the end-to-end tests pass with real sockets inside (SPROUT_LINK=tcp, HOMESTEAD_LINK=http); a second process on the same
// DATA_DIR exits at once and names the first's pid.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sleep, startChild } from '../../harness/children.js';
import { cleanEnv, freePorts, type Product, withProduct } from '../../harness/product.js';
import { inRepository } from '../../harness/root.js';
import { checkCall, checkMessage } from '../checks.js';
import { runJest } from '../jest-run.js';
import type { Line, Report } from '../line.js';

const SOCKETS = { SPROUT_LINK: 'tcp', HOMESTEAD_LINK: 'http' };
const SECOND_MS_MAX = 5000;

const judgeSecond = async (report: Report, first: Product): Promise<void> => {
  const ports = await freePorts();
  const second = startChild(process.execPath, [inRepository('dist/apps/clearwater/src/main.js')], {
    cwd: tmpdir(),
    env: {
      ...first.env,
      ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
    },
  });
  const startMs = performance.now();
  const code = await Promise.race([second.exit, sleep(SECOND_MS_MAX)]);
  if (code === undefined) second.signal('SIGKILL');
  report.figure('secondExitMs', Math.round(performance.now() - startMs));
  report.check(
    'a second process exits at once, not with 0',
    code !== undefined && code !== 0,
    `exit ${code ?? 'none'}`,
  );
  report.check("it names the first's pid", second.output().includes(String(first.pid)), second.output());
  report.check('it shows no stack', !/\n\s+at /.test(second.output()), second.output());
  report.check('the first goes on', (await first.healthz()).status === 200);
};

export const line: Line = {
  async run(report) {
    await withProduct({ env: SOCKETS }, async (product) => {
      await checkCall(report, product, 'udp', 'udp');
      await checkCall(report, product, 'tcp', 'ws');
      await checkMessage(report, product);
      await judgeSecond(report, product);
    });
    report.note('end-to-end tests with real sockets inside');
    const output = path.join(tmpdir(), `e2e-${process.pid}.json`);
    try {
      const tests = await runJest(['--config', '.config/jest.e2e.config.mjs', '--runInBand'], output, {
        ...cleanEnv(),
        ...SOCKETS,
      });
      report.figure('e2ePassed', tests.passed);
      report.check(
        'end-to-end tests pass',
        tests.failed === 0 && tests.passed > 0,
        tests.failures.join('; '),
      );
      report.check('none is skipped', tests.skipped === 0, `${tests.skipped} skipped`);
    } finally {
      rmSync(output, { force: true });
    }
  },
};
