// 1.1: a fresh clone, Node 20 and npm: `npm ci && npm start` is ready and says what a newcomer needs; `npm ci && npm test` passes
// in under five minutes. The short form leaves `npm test` out: CI runs it beside.
import { withFreshClone } from '../fresh-clone.js';
import type { Line, Report } from '../line.js';

const TEST_S_MAX = 300;

const judgeGreeting = (report: Report, output: string, ports: Readonly<Record<string, number>>): void => {
  const has = (what: string, pattern: string | RegExp) =>
    report.check(
      `the greeting names ${what}`,
      typeof pattern === 'string' ? output.includes(pattern) : pattern.test(output),
      output.slice(-1500),
    );
  has('the domain', 'ims.test');
  for (const name of ['BONO_PORT', 'BONO_WS_PORT', 'HOMESTEAD_PROV_PORT', 'MANAGEMENT_PORT'])
    has(name, String(ports[name]));
  has('alice', 'alice@ims.test');
  has('bob', 'bob@ims.test');
  has('what to try next', /sipp|linphone|jssip|npm run/i);
};

export const line: Line = {
  async run(report) {
    await withFreshClone(report, async (clone) => {
      if (!(await clone.install())) return;
      await clone.start({}, async ({ output, ports }) => judgeGreeting(report, output(), ports));
      if (report.quick) return;
      const tested = await clone.npm('npm test', ['test'], (TEST_S_MAX + 120) * 1000);
      report.atMost('testS', tested.seconds, TEST_S_MAX);
      const [, passed] = /Tests:.*?(\d+) passed/.exec(tested.output) ?? [];
      report.figure('testsPassed', Number(passed ?? 0));
    });
  },
};
