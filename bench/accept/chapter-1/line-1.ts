// 1.1: a fresh clone, Node 20 and npm: `npm ci && npm start` is ready and says what a newcomer needs; `npm ci && npm test` passes
// in under five minutes. The short form leaves `npm test` out: CI runs it beside.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Child, sleep, startChild, until } from '../../harness/children.js';
import { cleanEnv, freePorts } from '../../harness/product.js';
import { ROOT } from '../../harness/root.js';
import type { Line, Report } from '../line.js';

const CI_MS_MAX = 300_000;
const START_MS_MAX = 120_000;
const TEST_S_MAX = 300;

/** The shell's own PATH: what `npm run` adds to it would bring Node 24 along. */
const newcomersEnv = (): NodeJS.ProcessEnv => {
  const env = cleanEnv();
  const folders = (env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  return { ...env, PATH: folders.join(':') };
};

const run = async (
  report: Report,
  clone: string,
  what: string,
  args: readonly string[],
  timeoutMs: number,
) => {
  report.note(`npm ${args.join(' ')}`);
  const startMs = performance.now();
  const child = startChild('npm', args, { cwd: clone, env: newcomersEnv() });
  const code = await Promise.race([child.exit, sleep(timeoutMs)]);
  if (code === undefined) child.signal('SIGKILL');
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  report.check(`${what} succeeds`, code === 0, `exit ${code ?? 'none'}: ${child.output().slice(-1500)}`);
  return { seconds, output: child.output(), ok: code === 0 };
};

const healthy = async (port: number): Promise<true | undefined> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).status === 200 ? true : undefined;
  } catch {
    return undefined;
  }
};

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

const judgeStart = async (report: Report, clone: string): Promise<void> => {
  const ports = await freePorts();
  const env = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]));
  report.note('npm start');
  const startMs = performance.now();
  const child: Child = startChild('npm', ['start'], { cwd: clone, env: { ...newcomersEnv(), ...env } });
  try {
    await until('/healthz to say 200', START_MS_MAX, async () => {
      if (child.ended)
        throw new Error(`npm start exited with ${await child.exit}: ${child.output().slice(-1500)}`);
      return healthy(ports.MANAGEMENT_PORT);
    });
    report.figure('startS', Math.round((performance.now() - startMs) / 100) / 10);
    await sleep(500);
    judgeGreeting(report, child.output(), ports);
  } finally {
    const stopMs = performance.now();
    child.signal('SIGTERM');
    const code = await Promise.race([child.exit, sleep(12_000)]);
    if (code === undefined) child.signal('SIGKILL');
    report.atMost('stopS', Math.round((performance.now() - stopMs) / 100) / 10, 10);
    // npm itself passes the signal on and reports it, or the program's 0.
    report.check('SIGTERM ends it', code !== undefined, child.output().slice(-500));
    report.check('nothing listens afterwards', (await healthy(ports.MANAGEMENT_PORT)) === undefined);
  }
};

export const line: Line = {
  async run(report) {
    const folder = mkdtempSync(path.join(tmpdir(), 'clone-'));
    const clone = path.join(folder, 'clearwater');
    try {
      execFileSync('git', ['clone', '--quiet', ROOT, clone]);
      const node = execFileSync('node', ['-v'], { cwd: clone, env: newcomersEnv(), encoding: 'utf8' }).trim();
      report.figure('newcomersNode', node);
      const installed = await run(report, clone, 'npm ci', ['ci'], CI_MS_MAX);
      report.figure('ciS', installed.seconds);
      if (!installed.ok) return;
      await judgeStart(report, clone);
      if (report.quick) return;
      const tested = await run(report, clone, 'npm test', ['test'], (TEST_S_MAX + 120) * 1000);
      report.atMost('testS', tested.seconds, TEST_S_MAX);
      const [, passed] = /Tests:.*?(\d+) passed/.exec(tested.output) ?? [];
      report.figure('testsPassed', Number(passed ?? 0));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
