// Ends a run that hangs: an input that never comes back cannot be stopped from its own thread. The main thread leaves each input
// in shared memory; this thread looks whether inputs go on, else writes the last one to a file and kills the process.
import { writeFileSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

/** An input takes well below a millisecond of CPU; on a busy machine the process may get none for a while. */
const HANG_CPU_MS = 30_000;
/** One that waits for what never comes takes no CPU. */
const HANG_MS = 300_000;
const LOOK_MS = 1_000;
const COUNT = 0;
const LENGTH = 1;
const HEAD_BYTES = 8;

type Shared = Readonly<{ buffer: SharedArrayBuffer; file: string; command: string }>;

export type Watchdog = Readonly<{ before(input: string): void; stop(): Promise<number> }>;

export const startWatchdog = (inputBytesMax: number, file: string, command: string): Watchdog => {
  const buffer = new SharedArrayBuffer(HEAD_BYTES + inputBytesMax * 2);
  const numbers = new Int32Array(buffer, 0, 2);
  const bytes = Buffer.from(buffer, HEAD_BYTES);
  const worker = new Worker(new URL(import.meta.url), { workerData: { buffer, file, command } });
  worker.unref();
  return {
    before(input) {
      numbers[LENGTH] = bytes.write(input, 'latin1');
      Atomics.add(numbers, COUNT, 1);
    },
    stop: () => worker.terminate(),
  };
};

const watch = ({ buffer, file, command }: Shared): void => {
  const numbers = new Int32Array(buffer, 0, 2);
  let seen = -1;
  let sinceMs = performance.now();
  let cpu = process.cpuUsage();
  setInterval(() => {
    const count = Atomics.load(numbers, COUNT);
    if (count !== seen) {
      seen = count;
      sinceMs = performance.now();
      cpu = process.cpuUsage();
      return;
    }
    const { user, system } = process.cpuUsage(cpu);
    const [cpuMs, ms] = [(user + system) / 1000, performance.now() - sinceMs];
    if (cpuMs < HANG_CPU_MS && ms < HANG_MS) return;
    writeFileSync(file, Buffer.from(buffer, HEAD_BYTES, numbers[LENGTH]));
    const took = `${Math.round(ms / 1000)} s, ${Math.round(cpuMs / 1000)} s of CPU`;
    process.stderr.write(`hang: no input ended within ${took}\n${command}\n`);
    process.kill(process.pid, 'SIGKILL');
  }, LOOK_MS);
};

if (!isMainThread && workerData !== null) watch(workerData as Shared);
