// Runs tests of the repository as part of a line, and counts them: for what is shown better by a test than from outside.
// A pattern that finds no test is a failure: it would show nothing.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startChild } from '../harness/children.js';
import { cleanEnv } from '../harness/product.js';
import { inRepository, ROOT } from '../harness/root.js';
import type { Report } from './line.js';

export type TestRun = Readonly<{
  passed: number;
  failed: number;
  skipped: number;
  failures: readonly string[];
  /** Full names of those that passed. */
  names: readonly string[];
}>;

type Assertion = Readonly<{ status: string; fullName: string; failureMessages?: readonly string[] }>;
type JestOutput = Readonly<{
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numFailedTestSuites: number;
  testResults: readonly Readonly<{ name: string; message: string; assertionResults: readonly Assertion[] }>[];
}>;

const firstLine = (text = ''): string => text.split('\n', 1)[0]?.slice(0, 300) ?? '';

/** `within`: a command that runs the one that it is given, as docker/services/with-services.sh does. */
export const runJest = async (
  args: readonly string[],
  outputFile: string,
  env: NodeJS.ProcessEnv = cleanEnv(),
  within: readonly string[] = [],
): Promise<TestRun> => {
  const jest = inRepository('node_modules/jest/bin/jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const command = [
    ...within,
    process.execPath,
    ...flags,
    jest,
    ...args,
    '--json',
    '--outputFile',
    outputFile,
  ];
  const child = startChild(command[0] ?? process.execPath, command.slice(1), { cwd: ROOT, env });
  const code = await child.exit;
  if (!existsSync(outputFile))
    throw new Error(`jest ${args.join(' ')} exited with ${code}: ${child.output().slice(-2000)}`);
  const output = JSON.parse(readFileSync(outputFile, 'utf8')) as JestOutput;
  const failures = output.testResults.flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages = [] }) => `${fullName}: ${firstLine(failureMessages[0])}`);
    // A suite that could not be loaded has no assertions.
    return failed.length === 0 && assertionResults.length === 0 && message !== ''
      ? [`${path.relative(ROOT, name)}: ${message.slice(0, 300)}`]
      : failed;
  });
  return {
    passed: output.numPassedTests,
    failed: Math.max(output.numFailedTests, failures.length, output.numFailedTestSuites > 0 ? 1 : 0),
    skipped: output.numPendingTests,
    failures,
    names: output.testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName),
    ),
  };
};

export type CheckOptions = Readonly<{
  /** Only tests whose name matches. */
  named?: string;
  atLeast?: number;
  /** Words, each of which has to stand in the name of a test that passed. */
  shown?: readonly string[];
  /** A broker each for so many, started for these tests; with it a skipped test is a failed one. */
  kafkaNodes?: number;
  env?: Readonly<Record<string, string>>;
}>;

const WITH_SERVICES = ['bash', 'docker/services/with-services.sh'];

/** Runs the tests below these paths, optionally only those whose name matches, and checks that some pass and none fails. */
export const checkTests = async (
  report: Report,
  what: string,
  paths: readonly string[],
  options: CheckOptions = {},
): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'jest-'));
  try {
    report.note(`tests: ${what}`);
    const named = options.named === undefined ? [] : ['-t', options.named];
    const patterns = ['--testMatch', '**/*.spec.ts', '**/*.int-spec.ts', '--testPathPatterns', ...paths];
    const { kafkaNodes } = options;
    const env = { ...cleanEnv(), ...options.env };
    const output = path.join(folder, 'output.json');
    const tests =
      kafkaNodes === undefined
        ? await runJest([...named, ...patterns], output, env)
        : await runJest(
            [...named, ...patterns, '--runInBand'],
            output,
            { ...env, KAFKA_NODES: String(kafkaNodes) },
            WITH_SERVICES,
          );
    if (kafkaNodes !== undefined) report.check(`${what}: no test is skipped`, tests.skipped === 0);
    report.figure(`tests: ${what}`, tests.passed);
    report.check(`${what}: no test fails`, tests.failed === 0, tests.failures.join('; '));
    const least = options.atLeast ?? 1;
    report.check(`${what}: at least ${least} tests`, tests.passed >= least, `${tests.passed} passed`);
    const missing = (options.shown ?? []).filter(
      (words) => !tests.names.some((name) => name.includes(words)),
    );
    report.check(`${what}: each has its test`, missing.length === 0, missing.join(', '));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
