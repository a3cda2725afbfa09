// 2.1: RFC 4475 and 5118, no case answered differently by the parser and by the running product over UDP and TCP, which is up
// after each; the transaction machines of RFC 3261 and RFC 6026 state by state; docs/conformance.md names proofs that exist.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cleanEnv } from '../../harness/product.js';
import { checkTests, runJest } from '../jest-run.js';
import type { Line, Report } from '../line.js';

/** 62 messages over each transport, and what is said beside them. */
const E2E_TESTS_MIN = 124;
const E2E = ['--config', '.config/jest.e2e.config.mjs', '--runInBand', 'apps/clearwater/e2e/torture'];

const judgeProduct = async (report: Report): Promise<void> => {
  report.note('tests: torture messages to the running product');
  const folder = mkdtempSync(path.join(tmpdir(), 'torture-'));
  try {
    const tests = await runJest(E2E, path.join(folder, 'output.json'), cleanEnv());
    report.check('every message has its answer', tests.failed === 0, tests.failures.join('; '));
    report.check('none is skipped', tests.skipped === 0, `${tests.skipped} skipped`);
    report.atLeast('tests: torture messages to the running product', tests.passed, E2E_TESTS_MIN);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const line: Line = {
  async run(report) {
    await checkTests(report, 'torture messages and the parser', ['libs/sip/src/message/torture'], {
      atLeast: 62,
    });
    await checkTests(report, 'transaction machines', ['libs/sip/src/transaction/transaction.spec'], {
      atLeast: 30,
    });
    await checkTests(report, 'conformance.md', ['libs/testkit/src/conformance'], { atLeast: 2 });
    await judgeProduct(report);
  },
};
