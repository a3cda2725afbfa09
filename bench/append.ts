// `npm run bench -- append`: durable appends a second of the embedded log at 1, 8, 64 and 512 callers, against the raw rate of single
// write + fdatasync on the same disk in the same run: group commit should give nearly callers × raw.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { createEmbeddedLog, nodeDisk, type EmbeddedLog } from '#libs/event-log';
import { systemClock, systemRandom } from '#libs/runtime';
import { median, progress, quantile, round } from './measure/report.js';
import { inRepository } from './harness/root.js';

const CALLERS = [1, 8, 64, 512] as const;
const EVENT_BYTES = 200;
const RAW_S = 1;
/** At 64 callers the figure that chapter 2 asks for is taken so often. */
const ROUNDS = 5;

/** Single writes of an event's size, each with its own fdatasync, a second. */
const rawRate = (folder: string, seconds: number): number => {
  const file = openSync(path.join(folder, 'raw'), 'w');
  const bytes = Buffer.alloc(EVENT_BYTES, 'x');
  const endMs = performance.now() + seconds * 1000;
  let count = 0;
  while (performance.now() < endMs) {
    writeSync(file, bytes, 0, bytes.length, count * bytes.length);
    fdatasyncSync(file);
    count += 1;
  }
  closeSync(file);
  return count / seconds;
};

type CallerFigures = Readonly<{
  callers: number;
  appendsPerS: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the raw rate before and after: the disk is not the same all the time. */
  rawPerS: number;
  timesRaw: number;
  cpuUsPerAppend: number;
}>;

const EVENT = { type: 'BenchRan', data: { text: 'x'.repeat(EVENT_BYTES - 60) } };

/** So many callers, each with its next append when the one before is durable; between two looks at the raw rate. */
const measure = async (
  log: EmbeddedLog,
  callers: number,
  seconds: number,
  raw: () => number,
): Promise<CallerFigures> => {
  const before = raw();
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const begunMs = performance.now();
  const endMs = begunMs + seconds * 1000;
  const call = async (caller: number): Promise<void> => {
    for (let n = 0; performance.now() < endMs; n += 1) {
      const startMs = performance.now();
      await log.append(`call-${caller}-${n}`, [EVENT]);
      latencies.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  const tookS = (performance.now() - begunMs) / 1000;
  const used = process.cpuUsage(cpu);
  const rawPerS = (before + raw()) / 2;
  const appendsPerS = latencies.length / tookS;
  progress(
    `${callers} callers: ${Math.round(appendsPerS)} appends/s; ${Math.round(rawPerS)} single fdatasync/s`,
  );
  return {
    callers,
    appendsPerS: Math.round(appendsPerS),
    p50Ms: round(quantile(latencies, 0.5), 2),
    p99Ms: round(quantile(latencies, 0.99), 2),
    rawPerS: Math.round(rawPerS),
    timesRaw: round(appendsPerS / rawPerS, 2),
    cpuUsPerAppend: round((used.user + used.system) / latencies.length, 1),
  };
};

export type AppendFigures = Readonly<{
  rawFdatasyncPerS: number;
  callers: readonly CallerFigures[];
  /** Appends at 64 callers / (64 × raw); 1 would be a group commit that costs nothing. Median of the rounds. */
  shareOfIdealAt64: number;
  sharesAt64: readonly number[];
}>;

export const benchAppend = async ({ seconds }: { seconds: number }): Promise<AppendFigures> => {
  // Beside the repository, not in /tmp: that is memory on many machines, and fdatasync free there.
  const folder = mkdtempSync(path.join(inRepository(), 'data-bench-'));
  try {
    const raw = () => rawRate(folder, RAW_S);
    const log = await createEmbeddedLog({
      directory: path.join(folder, 'log'),
      disk: nodeDisk,
      clock: systemClock,
      random: systemRandom,
    });
    const results: CallerFigures[] = [];
    for (const callers of CALLERS) results.push(await measure(log, callers, seconds, raw));
    const rounds: CallerFigures[] = [];
    for (let n = 0; n < ROUNDS; n += 1) rounds.push(await measure(log, 64, seconds, raw));
    await log.close();
    return {
      rawFdatasyncPerS: Math.round(median(rounds.map(({ rawPerS }) => rawPerS))),
      callers: results,
      shareOfIdealAt64: round(median(rounds.map(({ timesRaw }) => timesRaw / 64)), 2),
      sharesAt64: rounds.map(({ timesRaw }) => round(timesRaw / 64, 2)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
