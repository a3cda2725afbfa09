// Child processes of a bench: started with their output kept, stopped for certain, also when the bench itself is interrupted.
// Used by product.ts, sipp.ts, kamailio.ts.
import { type ChildProcess, spawn } from 'node:child_process';

const OUTPUT_CHARACTERS_MAX = 256 * 1024;

export interface Child {
  readonly pid: number;
  /** Newest output, both streams; bounded. */
  readonly output: () => string;
  readonly ended: boolean;
  /** Resolves with the exit code, or -1 after a signal. */
  readonly exit: Promise<number>;
  /** Exit code or signal, for people; '' while it runs. */
  readonly ending: () => string;
  signal(name: NodeJS.Signals): void;
}

export type ChildOptions = Readonly<{
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Pins the process to these cores (taskset): '0', '1'. */
  cpus?: string | undefined;
  /** Shown as it comes, for people. */
  echo?: boolean;
}>;

const living = new Set<ChildProcess>();

const killAll = (): void => {
  for (const child of living) child.kill('SIGKILL');
};
process.on('exit', killAll);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => {
    killAll();
    process.exit(130);
  });
}

export const startChild = (command: string, args: readonly string[], options: ChildOptions = {}): Child => {
  const [file, list] =
    options.cpus === undefined ? [command, args] : ['taskset', ['-c', options.cpus, command, ...args]];
  const child = spawn(file, list, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  living.add(child);
  let output = '';
  let ended = false;
  let ending = '';
  const keep = (data: Buffer): void => {
    output = (output + data.toString('utf8')).slice(-OUTPUT_CHARACTERS_MAX);
    if (options.echo) process.stderr.write(data);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exit = new Promise<number>((resolve) => {
    const end = (code: number) => {
      ended = true;
      living.delete(child);
      resolve(code);
    };
    child.once('error', (error) => {
      output += `${file}: ${error.message}\n`;
      end(127);
    });
    child.once('close', (code, signal) => {
      ending = String(signal ?? code ?? 'nothing');
      end(code ?? -1);
    });
  });
  return {
    pid: child.pid ?? -1,
    output: () => output,
    get ended() {
      return ended;
    },
    exit,
    ending: () => ending,
    signal: (name) => void child.kill(name),
  };
};

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until the answer is not undefined; rejects after the time, saying what was awaited. */
export const until = async <T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> => {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > endMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(10);
  }
};
