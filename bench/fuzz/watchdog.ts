// Ends a run that hangs: an input that never comes back cannot be stopped from its own thread. The main thread leaves each input
// in shared memory; this thread looks whether inputs go on, else writes the last one to a file and kills the process.
import { writeFileSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

/** The machine may be busy; an input takes well below a millisecond. */
const HANG_MS = 30_000;
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
  setInterval(() => {
    const count = Atomics.load(numbers, COUNT);
    if (count !== seen) {
      seen = count;
      sinceMs = performance.now();
    } else if (performance.now() - sinceMs > HANG_MS) {
      writeFileSync(file, Buffer.from(buffer, HEAD_BYTES, numbers[LENGTH]));
      process.stderr.write(`hang: no input ended within ${HANG_MS / 1000} s\n${command}\n`);
      process.kill(process.pid, 'SIGKILL');
    }
  }, LOOK_MS);
};

if (!isMainThread && workerData !== null) watch(workerData as Shared);
