// CPU a flow: server time of the whole process tree over a run, divided by the flows; median of several runs at a stated rate,
// and once more at 500/s, where batches are small. The load runs on another core.
import { sleep } from '../harness/children.js';
import { cpuByThread, type ThreadShare } from './process-tree.js';
import { median, progress, round } from './report.js';
import type { SippResult } from '../harness/sipp.js';

/** A server under load: the product or the peer. */
export interface Measured {
  cpuUs(): number;
  /** False once the process is gone: then there is nothing to measure. */
  alive(): boolean;
  readonly pid: number;
}

export type Load = (rate: number, flows: number) => Promise<SippResult>;

export type CpuFigures = Readonly<{
  cpuUsPerFlow: number;
  runs: readonly number[];
  rate: number;
  flows: number;
  cpuUsPerFlowAt500: number;
  /** What the server takes with nothing to do, µs of CPU a second: its timers. At a low rate it weighs on every flow. */
  idleUsPerS: number;
  failed: number;
  retransmissions: number;
  p50Ms: number | undefined;
  p99Ms: number | undefined;
  /** What a flow costs by thread of the first process, over the runs at the stated rate. */
  threadsUsPerFlow: Readonly<Record<string, number>>;
}>;

export type RunOptions = Readonly<{ rate: number; seconds: number; runs: number }>;

const shareByThread = (before: readonly ThreadShare[], after: readonly ThreadShare[], flows: number) =>
  Object.fromEntries(
    after.map(({ thread, cpuUs }) => {
      const earlier = before.find((one) => one.thread === thread)?.cpuUs ?? 0;
      return [thread, round((cpuUs - earlier) / Math.max(1, flows))];
    }),
  );

const IDLE_S = 3;

const measureIdle = async (server: Measured): Promise<number> => {
  await sleep(1000); // what the warm-up left to do
  const before = server.cpuUs();
  await sleep(IDLE_S * 1000);
  return Math.round((server.cpuUs() - before) / IDLE_S);
};

const LOW_RATE = 500;

export const measureCpu = async (server: Measured, load: Load, options: RunOptions): Promise<CpuFigures> => {
  const { rate, seconds, runs } = options;
  const results: SippResult[] = [];
  const once = async (atRate: number): Promise<number> => {
    const flows = atRate * seconds;
    const before = server.cpuUs();
    const result = await load(atRate, flows);
    if (!server.alive()) throw new Error(`the server ended under ${atRate}/s`);
    const perFlow = (server.cpuUs() - before) / Math.max(1, result.successful);
    results.push(result);
    const { successful, failed, retransmissions, p99Ms } = result;
    progress(
      `${atRate}/s for ${seconds} s: ${round(perFlow)} µs a flow, ${successful} done, ${failed} failed, ` +
        `${retransmissions} retransmitted, p99 < ${p99Ms ?? '?'} ms`,
    );
    if (failed > 0) progress(result.errors.slice(0, 1000));
    return perFlow;
  };
  const idleUsPerS = await measureIdle(server);
  const threadsBefore = cpuByThread(server.pid);
  const figures: number[] = [];
  for (let run = 0; run < runs; run += 1) figures.push(await once(rate));
  const stated = results.at(-1);
  const threadsUsPerFlow = shareByThread(threadsBefore, cpuByThread(server.pid), rate * seconds * runs);
  const low = await once(LOW_RATE);
  return {
    cpuUsPerFlow: round(median(figures)),
    runs: figures.map((figure) => round(figure)),
    rate,
    flows: rate * seconds,
    cpuUsPerFlowAt500: round(low),
    idleUsPerS,
    failed: results.reduce((sum, { failed }) => sum + failed, 0),
    retransmissions: results.reduce((sum, { retransmissions }) => sum + retransmissions, 0),
    p50Ms: stated?.p50Ms,
    p99Ms: stated?.p99Ms,
    threadsUsPerFlow,
  };
};
