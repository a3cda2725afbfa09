// 5.1: the rows of docs/clearwater/sip.md §1 to §3 and §7 by the tests that docs/conformance.md names for them; and on the running product
// the lists "Check also" of its §12.1 and §12.2, forking by q, what callers prefer, and session timers.
import { readFileSync } from 'node:fs';
import { withProduct } from '../../harness/product.js';
import { inRepository } from '../../harness/root.js';
import { checkTests } from '../jest-run.js';
import type { Line, Report } from '../line.js';
import { checkAlso } from './check-also.js';
import { checkForkedCalls } from './forked-calls.js';
import { checkSessionTimers } from './session-timers.js';

const ROWS = '## Edge and router: docs/clearwater/sip.md';
const ROWS_MIN = 35;
/** While others wait, so that nobody waits for half a minute here. */
const RING_S = 2;
/** What the short form runs: what decides, not what plays it. */
const PURE = /^(?:libs\/domain|apps\/(?:bono|sprout))\//;

/** The rows of that section, and the tests in their last cells. */
const rowsOf = (page: string): readonly (readonly string[])[] => {
  const from = page.indexOf(ROWS);
  const section = page.slice(from, page.indexOf('\n## ', from + 1));
  return section
    .split('\n')
    .filter((line) => line.startsWith('| §'))
    .map((line) => [...(line.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, path]) => path!));
};

const checkRows = async (report: Report): Promise<void> => {
  const rows = rowsOf(readFileSync(inRepository('docs/conformance.md'), 'utf8'));
  report.atLeast('rows', rows.length, ROWS_MIN);
  report.check(
    'each row names a test',
    rows.every((paths) => paths.length > 0),
  );
  const paths = [...new Set(rows.flat())].filter((path) => !report.quick || PURE.test(path));
  await checkTests(report, 'what the rows name', paths, { atLeast: report.quick ? 300 : 800 });
};

export const line: Line = {
  async run(report) {
    await checkRows(report);
    await withProduct({ env: { FORK_RING_S: String(RING_S) } }, async (product) => {
      await checkAlso(report, product);
      await checkForkedCalls(report, product, RING_S);
      await checkSessionTimers(report, product);
    });
  },
};
