// Real servers for tests of adapters: started by docker/services/start-<engine>.sh on ports of their own, ended by their pids.
// Used by *.int-spec.ts. TEST_<ENGINE> names one that runs already, which spares its start while one works on an adapter.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const SERVICES = path.resolve(import.meta.dirname, '../../../docker/services');
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

/** Rejects when it cannot be had: a test that needs it fails, it is not left out. */
export const startRealEngine = async (engine: string, nodes = 1): Promise<RealEngine> => {
  const running = process.env[`TEST_${engine.toUpperCase()}`];
  const folder = await mkdtemp(path.join(tmpdir(), `${engine}-`));
  const port = await freePorts(engine === 'etcd' ? 10 * nodes : nodes);
  const start = async (): Promise<string[]> => {
    const script = path.join(SERVICES, `start-${engine}.sh`);
    const { stdout } = await run(script, [String(port), folder, String(nodes)], { timeout: START_MS_MAX });
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
      process.kill(await pidOf(server), signal);
    },
    async start() {
      await start();
    },
    async stop() {
      if (running === undefined) await run(path.join(SERVICES, 'stop.sh'), [folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
};
