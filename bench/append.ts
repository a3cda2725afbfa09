// `npm run bench -- append`: durable appends a second of the embedded log at 1, 8, 64 and 512 callers, against the raw rate of single
// write + fdatasync on the same disk in the same run: group commit should give nearly callers × raw.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { createEmbeddedLog, nodeDisk } from '#libs/event-log';
import { systemClock, systemRandom } from '#libs/runtime';
import { progress, quantile, round } from './harness/report.js';
import { inRepository } from './harness/root.js';

const CALLERS = [1, 8, 64, 512] as const;
const EVENT_BYTES = 200;

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
  timesRaw: number;
  cpuUsPerAppend: number;
}>;

export const benchAppend = async ({ seconds }: { seconds: number }): Promise<object> => {
  // Beside the repository, not in /tmp: that is memory on many machines, and fdatasync free there.
  const folder = mkdtempSync(path.join(inRepository(), 'data-bench-'));
  try {
    const raw = rawRate(folder, Math.min(2, seconds));
    progress(`raw: ${Math.round(raw)} single fdatasync a second`);
    const log = await createEmbeddedLog({
      directory: path.join(folder, 'log'),
      disk: nodeDisk,
      clock: systemClock,
      random: systemRandom,
    });
    const event = { type: 'BenchRan', data: { text: 'x'.repeat(EVENT_BYTES - 60) } };
    const results: CallerFigures[] = [];
    for (const callers of CALLERS) {
      const latencies: number[] = [];
      const cpu = process.cpuUsage();
      const endMs = performance.now() + seconds * 1000;
      const call = async (caller: number): Promise<void> => {
        for (let n = 0; performance.now() < endMs; n += 1) {
          const startMs = performance.now();
          await log.append(`call-${caller}-${n}`, [event]);
          latencies.push(performance.now() - startMs);
        }
      };
      await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
      const used = process.cpuUsage(cpu);
      const appendsPerS = latencies.length / seconds;
      results.push({
        callers,
        appendsPerS: Math.round(appendsPerS),
        p50Ms: round(quantile(latencies, 0.5), 2),
        p99Ms: round(quantile(latencies, 0.99), 2),
        timesRaw: round(appendsPerS / raw, 2),
        cpuUsPerAppend: round((used.user + used.system) / latencies.length, 1),
      });
      progress(`${callers} callers: ${Math.round(appendsPerS)} appends/s`);
    }
    await log.close();
    const at64 = results.find(({ callers }) => callers === 64)?.appendsPerS ?? 0;
    return {
      rawFdatasyncPerS: Math.round(raw),
      callers: results,
      // Chapter 2 asks for 0.4 × 64 × raw.
      shareOfIdealAt64: round(at64 / (64 * raw), 2),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
