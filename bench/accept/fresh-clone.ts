// A fresh clone of this repository as a newcomer has it: the shell's own Node and npm, nothing but what is committed. Used by accept 1.1, 7.1 and 8.6.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Report } from './line.js';
import { type Child, sleep, startChild, until } from '../harness/children.js';
import { cleanEnv, freePorts, type Ports } from '../harness/product.js';
import { ROOT } from '../harness/root.js';

const CI_MS_MAX = 300_000;
const START_MS_MAX = 120_000;
const STOP_MS_MAX = 12_000;

export type Started = Readonly<{ ports: Ports; output: () => string }>;
export type Ran = Readonly<{ seconds: number; output: string; ok: boolean }>;

export interface FreshClone {
  readonly folder: string;
  /** `npm …` to its end. */
  npm(what: string, args: readonly string[], timeoutMs: number): Promise<Ran>;
  /** `npm ci`; did it succeed? */
  install(): Promise<boolean>;
  /** `npm start`, used while it is ready, and stopped. */
  start(env: NodeJS.ProcessEnv, use: (started: Started) => Promise<void>): Promise<void>;
}

/** The shell's own PATH: what `npm run` adds to it would bring Node 24 along. */
export const newcomersEnv = (): NodeJS.ProcessEnv => {
  const env = cleanEnv();
  const folders = (env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  return { ...env, PATH: folders.join(':') };
};

const seconds = (startMs: number): number => Math.round((performance.now() - startMs) / 100) / 10;

const healthy = async (port: number): Promise<true | undefined> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).status === 200 ? true : undefined;
  } catch {
    return undefined;
  }
};

const stop = async (report: Report, child: Child, port: number): Promise<void> => {
  const stopMs = performance.now();
  child.signal('SIGTERM');
  const code = await Promise.race([child.exit, sleep(STOP_MS_MAX)]);
  if (code === undefined) child.signal('SIGKILL');
  report.atMost('stopS', seconds(stopMs), 10);
  // npm itself passes the signal on and reports it, or the program's 0.
  report.check('SIGTERM ends it', code !== undefined, child.output().slice(-500));
  report.check('nothing listens afterwards', (await healthy(port)) === undefined);
};

const cloneAt = (report: Report, folder: string): FreshClone => {
  const npm = async (what: string, args: readonly string[], timeoutMs: number): Promise<Ran> => {
    report.note(`npm ${args.join(' ')}`);
    const startMs = performance.now();
    const child = startChild('npm', args, { cwd: folder, env: newcomersEnv() });
    const code = await Promise.race([child.exit, sleep(timeoutMs)]);
    if (code === undefined) child.signal('SIGKILL');
    const output = child.output();
    report.check(`${what} succeeds`, code === 0, `exit ${code ?? 'none'}: ${output.slice(-1500)}`);
    return { seconds: seconds(startMs), output, ok: code === 0 };
  };
  return {
    folder,
    npm,
    async install() {
      const installed = await npm('npm ci', ['ci'], CI_MS_MAX);
      report.figure('ciS', installed.seconds);
      return installed.ok;
    },
    async start(env, use) {
      const ports = await freePorts();
      const own = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]));
      report.note('npm start');
      const startMs = performance.now();
      const child = startChild('npm', ['start'], { cwd: folder, env: { ...newcomersEnv(), ...own, ...env } });
      try {
        await until('/healthz to say 200', START_MS_MAX, async () => {
          if (child.ended)
            throw new Error(`npm start exited with ${await child.exit}: ${child.output().slice(-1500)}`);
          return healthy(ports.MANAGEMENT_PORT);
        });
        report.figure('startS', seconds(startMs));
        // What is printed comes just after.
        await sleep(500);
        await use({ ports, output: child.output });
      } finally {
        await stop(report, child, ports.MANAGEMENT_PORT);
      }
    },
  };
};

/** Removed afterwards, whatever happens. */
export const withFreshClone = async (
  report: Report,
  use: (clone: FreshClone) => Promise<void>,
): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'clone-'));
  const clone = path.join(folder, 'clearwater');
  try {
    execFileSync('git', ['clone', '--quiet', ROOT, clone]);
    const version = execFileSync('node', ['-v'], {
      cwd: clone,
      env: newcomersEnv(),
      encoding: 'utf8',
    }).trim();
    report.figure('newcomersNode', version);
    await use(cloneAt(report, clone));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
