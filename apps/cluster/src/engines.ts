// The engines of a cluster: docker/services/up.sh, which starts what does not run yet, from Debian and Maven packages. What this started
// this ends; what ran already goes on. Used by main.ts.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { EngineAddresses } from './cluster-plan.js';

const ENGINES = ['kafka', 'memcached', 'cassandra', 'etcd'] as const;
const VARIABLES: Readonly<Record<(typeof ENGINES)[number], string>> = {
  kafka: 'KAFKA_BROKERS',
  memcached: 'MEMCACHED_SERVERS',
  cassandra: 'CASSANDRA_CONTACT_POINTS',
  etcd: 'ETCD_ENDPOINTS',
};
/** The first time they are downloaded. */
const START_MS_MAX = 900_000;
const STOP_MS_MAX = 60_000;

const run = promisify(execFile);

export type StartedEngines = Readonly<{ addresses: EngineAddresses; stop: () => Promise<void> }>;

/** Where up.sh keeps pids and addresses, by the same variables. */
const runFolder = (env: NodeJS.ProcessEnv): string =>
  env['SERVICES_RUN'] ??
  path.join(
    env['SERVICES_DIR'] ??
      path.join(env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'clearwater-services'),
    'run',
  );

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const runs = (folder: string): boolean => {
  try {
    const pids = readdirSync(folder).filter((file) => file.endsWith('.pid'));
    return (
      pids.length > 0 && pids.some((file) => isAlive(Number(readFileSync(path.join(folder, file), 'utf8'))))
    );
  } catch {
    return false;
  }
};

const addressesIn = (text: string): EngineAddresses => {
  const of = (engine: (typeof ENGINES)[number]): readonly string[] =>
    new RegExp(`^${VARIABLES[engine]}=(.+)$`, 'm').exec(text)?.[1]?.split(',') ?? [];
  return { kafka: of('kafka'), memcached: of('memcached'), cassandra: of('cassandra'), etcd: of('etcd') };
};

/** `services` is docker/services of the checkout. */
export const startEngines = async (services: string): Promise<StartedEngines> => {
  const folder = runFolder(process.env);
  const ours = ENGINES.filter((engine) => !runs(path.join(folder, engine)));
  const stop = async (): Promise<void> => {
    if (ours.length > 0)
      await run('bash', [path.join(services, 'down.sh'), ...ours], { timeout: STOP_MS_MAX });
  };
  try {
    const { stdout } = await run('bash', [path.join(services, 'up.sh'), ...ENGINES], {
      timeout: START_MS_MAX,
    });
    return { addresses: addressesIn(stdout), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
