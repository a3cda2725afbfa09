// Real servers for tests of adapters: started by docker/services/start-<engine>.sh on ports of their own, ended by their pids.
// Used by *.int-spec.ts. TEST_<ENGINE> names one that runs already (TEST_<ENGINE>_DIR its folder), which spares its start
// while one works on an adapter.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** Of the checkout, whether this runs from its sources or from what was built of them. */
const servicesAbove = (folder: string): string => {
  const found = path.join(folder, 'docker/services');
  return existsSync(found) || path.dirname(folder) === folder ? found : servicesAbove(path.dirname(folder));
};
const SERVICES = servicesAbove(import.meta.dirname);
const START_MS_MAX = 300_000;
const run = promisify(execFile);

export interface RealEngine {
  /** host:port or URL each. */
  readonly endpoints: readonly string[];
  /** Of the n-th server, from 0. */
  signal(server: number, signal: NodeJS.Signals): Promise<void>;
  /** Starts again what is not running, on the same ports. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** `ports` free ports in a row, far from the defaults. */
const freePorts = async (ports: number): Promise<number> => {
  const isFree = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const server = createServer()
        .once('error', () => resolve(false))
        .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
  for (let first = 24_000 + (process.pid % 900) * 30; ; first += 100) {
    const wanted = Array.from({ length: ports }, (_, n) => isFree(first + n));
    if ((await Promise.all(wanted)).every(Boolean)) return first;
  }
};

/** A signal is not there yet when it has been sent. None for a process that is gone. */
const threadStates = async (pid: number): Promise<readonly string[]> => {
  const tasks = `/proc/${pid}/task`;
  try {
    const threads = await readdir(tasks);
    const stats = threads.map((thread) => readFile(path.join(tasks, thread, 'stat'), 'latin1'));
    const states = (await Promise.all(stats)).map((stat) => /\) (\S)/.exec(stat)?.[1] ?? '');
    return states.filter((state) => state !== 'Z');
  } catch {
    return [];
  }
};

/** Rejects when it cannot be had: a test that needs it fails, it is not left out. */
export const startRealEngine = async (
  engine: string,
  nodes = 1,
  /** Beside the environment: what the engine's script takes. */
  env: Readonly<Record<string, string>> = {},
): Promise<RealEngine> => {
  const running = process.env[`TEST_${engine.toUpperCase()}`];
  const own = await mkdtemp(path.join(tmpdir(), `${engine}-`));
  const folder = process.env[`TEST_${engine.toUpperCase()}_DIR`] ?? own;
  const port = await freePorts(engine === 'etcd' || engine === 'kafka' ? 10 * nodes : nodes);
  const start = async (): Promise<string[]> => {
    const script = path.join(SERVICES, `start-${engine}.sh`);
    const { stdout } = await run(script, [String(port), folder, String(nodes)], {
      timeout: START_MS_MAX,
      env: { ...process.env, ...env },
    });
    return stdout.trim().split(',');
  };
  const endpoints = running === undefined ? await start() : running.split(',');
  const pidOf = async (server: number): Promise<number> => {
    const files = (await readdir(folder)).filter((file) => file.endsWith('.pid')).sort();
    return Number(await readFile(path.join(folder, files[server] ?? ''), 'utf8'));
  };
  return {
    endpoints,
    async signal(server, signal) {
      const pid = await pidOf(server);
      process.kill(pid, signal);
      const wanted = signal === 'SIGSTOP' ? 'T' : signal === 'SIGKILL' ? '' : undefined;
      while (wanted !== undefined && !(await threadStates(pid)).every((state) => state === wanted));
    },
    async start() {
      await start();
    },
    async stop() {
      if (running === undefined) await run(path.join(SERVICES, 'stop.sh'), [folder]);
      await rm(own, { recursive: true, force: true });
    },
  };
};
