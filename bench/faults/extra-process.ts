// Processes beside the members of a cluster, for conditions that members are not put into: a clock that steps, workers that end. Each is looked at by
// Prometheus while it runs. Used by alarm-faults.ts.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addressOf, type App } from '#apps/cluster';
import { endChild } from '../harness/charging.js';
import { type Child, sleep, startChild, until } from '../harness/children.js';
import { cleanEnv } from '../harness/product.js';
import { inRepository } from '../harness/root.js';
import type { AlarmBench } from './alarm.js';

const READY_MS_MAX = 120_000;
/** Prometheus has seen it as it was before. */
const SEEN_MS = 5_000;
const STEP_MS = 5_000;
/** One more than the alarm lets pass. */
const ENDED_WORKERS = 4;

type Undo = () => Promise<void>;

const isReady = async (managementUrl: string): Promise<boolean> => {
  const answer = await fetch(`${managementUrl}/healthz`).catch(() => undefined);
  return answer?.status === 200;
};

/** A third one of a program, with the variables of the second and an address and folder of its own. */
const startThird = async (
  { cluster, folder, look }: AlarmBench,
  app: App,
  { env = {}, flags = [] }: Readonly<{ env?: Readonly<Record<string, string>>; flags?: readonly string[] }>,
): Promise<Readonly<{ child: Child; stop: Undo }>> => {
  const second = cluster.member(`${app}-2`);
  const network = second.address.split('.').slice(0, 3).join('.');
  const address = addressOf(network, app, 3);
  const own = { BIND_ADDRESS: address, DATA_DIR: path.join(folder, `${app}-3`), BONO_TRUSTED_HOST: address };
  const main = inRepository('dist/apps', app, 'src/main.js');
  const child = startChild(process.execPath, [...flags, main], {
    env: { ...cleanEnv(), ...second.env, ...own, ...env },
  });
  const managementUrl = second.managementUrl.replace(second.address, address);
  await until<true | void>(`${app}-3 to be ready`, READY_MS_MAX, async () => {
    if (child.ended) throw new Error(`${app}-3 ended: ${child.output().slice(-1_000)}`);
    return (await isReady(managementUrl)) ? true : sleep(100);
  });
  const unlook = look(managementUrl.replace('http://', ''));
  return {
    child,
    async stop() {
      unlook();
      await endChild(child, 'SIGTERM');
    },
  };
};

/** Of Chronos: its wall clock steps, while what it measures time by goes on. */
export const clockThatStepped = async (bench: AlarmBench): Promise<Undo> => {
  const file = path.join(bench.folder, 'ahead-ms');
  const { stop } = await startThird(bench, 'chronos', {
    env: { STEP_CLOCK_FILE: file },
    flags: ['--import', inRepository('bench/faults/step-clock.mjs')],
  });
  await sleep(SEEN_MS);
  writeFileSync(file, String(STEP_MS));
  return stop;
};

const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return new RegExp(`^PPid:\\s+${pid}$`, 'm').test(readFileSync(`/proc/${name}/status`, 'utf8'));
      } catch {
        return false;
      }
    })
    .map(Number);

/** Of an edge: one worker after the other, each as soon as all run. */
export const endWorkers = async (bench: AlarmBench): Promise<Undo> => {
  const { child, stop } = await startThird(bench, 'bono', { env: { WORKERS: '2' } });
  await sleep(SEEN_MS);
  for (let n = 0; n < ENDED_WORKERS; n += 1) {
    const workers = await until<readonly number[]>('two workers', READY_MS_MAX, () => {
      const found = childrenOf(child.pid);
      return found.length >= 2 ? found : undefined;
    });
    process.kill(workers[0]!, 'SIGKILL');
    await sleep(1_000);
  }
  return stop;
};
