// SIPp as the load: one run of one scenario, with its statistics read from its own file (-trace_stat).
// Scenarios are in bench/sipp. Used by bench and accept.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Child, sleep, startChild } from './children.js';
import { inRepository } from './root.js';

export type SippOptions = Readonly<{
  /** Name of a file in bench/sipp, without .xml. */
  scenario: string;
  /** host:port; absent for a scenario that waits for calls. */
  target?: string;
  localPort: number;
  /** Default: 127.0.0.1. */
  localAddress?: string;
  /** A file as users.ts writes it. */
  usersFile?: string;
  transport?: 'udp' | 'tcp';
  /** Calls a second, and how many in all. */
  rate?: number;
  calls?: number;
  callsAtOnceMax?: number;
  keys?: Readonly<Record<string, string>>;
  /** A scenario in bench/sipp for requests that belong to no call of this one. */
  outOfCall?: string;
  cpus?: string;
  /** Notes how long each answer took; and each error: not for a run in which errors are the rule. */
  latencies?: boolean;
  errorsTraced?: boolean;
  timeoutS?: number;
  extra?: readonly string[];
}>;

export type SippResult = Readonly<{
  exitCode: number;
  created: number;
  successful: number;
  failed: number;
  retransmissions: number;
  /** Answers to the measured request (rtd 1), milliseconds: upper ends of SIPp's buckets. */
  p50Ms: number | undefined;
  p99Ms: number | undefined;
  /** With `latencies`: of the last answer of each call (rtd 2), milliseconds. */
  latenciesMs: readonly number[];
  seconds: number;
  /** SIPp's own account of what failed. */
  errors: string;
}>;

export interface SippRun {
  readonly result: Promise<SippResult>;
  stop(): Promise<SippResult>;
}

let checked = false;

/** Throws with the way to install it when SIPp is absent. */
export const requireSipp = (): void => {
  if (checked) return;
  try {
    execFileSync('sipp', ['-v'], { stdio: 'ignore' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      const message =
        'SIPp is not installed: apt-get install sip-tester (Debian, Ubuntu), brew install sipp (macOS)';
      throw new Error(message, { cause: error });
    }
    // It exits with 99 after printing its version.
  }
  checked = true;
};

type Row = Readonly<Record<string, string>>;

const statLines = (file: string): readonly string[] => {
  try {
    return readFileSync(file, 'latin1')
      .split('\n')
      .filter((line) => line.includes(';'));
  } catch {
    return []; // it ended before it wrote any
  }
};

/** The last line of the statistics: cumulative counts. */
const lastRow = (file: string): Row => {
  const lines = statLines(file);
  const names = lines[0]?.split(';') ?? [];
  const values = lines.length > 1 ? (lines.at(-1)?.split(';') ?? []) : [];
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
};

/** Upper end of the bucket that holds the share; SIPp writes ResponseTimeRepartition1_<1 … _>=1000. */
const quantile = (row: Row, share: number): number | undefined => {
  const buckets = Object.entries(row)
    .map(([name, value]) => ({
      match: /^ResponseTimeRepartition1_(<|>=)(\d+)$/.exec(name),
      count: Number(value),
    }))
    .filter(({ match }) => match !== null)
    .map(({ match, count }) => ({ endMs: match?.[1] === '<' ? Number(match[2]) : Infinity, count }));
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  for (const { endMs, count } of buckets) {
    seen += count;
    if (total > 0 && seen >= total * share) return endMs;
  }
  return undefined;
};

const ERRORS_CHARACTERS_MAX = 4000;

const readErrors = (file: string): string => {
  try {
    return readFileSync(file, 'latin1').slice(0, ERRORS_CHARACTERS_MAX);
  } catch {
    return '';
  }
};

/** With -nd a call that got something unexpected waits for ever: a run ends a while after its last call has begun. */
const LAST_CALL_S_MAX = 30;

const timeoutOf = ({ timeoutS, rate, calls }: SippOptions): number | undefined =>
  timeoutS ??
  (rate === undefined || calls === undefined ? undefined : Math.ceil(calls / rate) + LAST_CALL_S_MAX);

const toArguments = (options: SippOptions, folder: string): string[] => {
  const scenario = (name: string) => inRepository('bench/sipp', `${name}.xml`);
  const optional = (flag: string, value: string | number | undefined) =>
    value === undefined ? [] : [flag, String(value)];
  return [
    ...(options.target === undefined ? [] : [options.target]),
    ...[
      '-sf',
      scenario(options.scenario),
      '-i',
      options.localAddress ?? '127.0.0.1',
      '-p',
      String(options.localPort),
      '-nd',
      '-nostdin',
    ],
    ...['-trace_stat', '-stf', path.join(folder, 'stat.csv'), '-fd', '1'],
    ...(options.errorsTraced === false ? [] : ['-trace_err', '-error_file', path.join(folder, 'errors.log')]),
    ...['-buff_size', String(4 * 2 ** 20)],
    ...(options.latencies === true ? ['-trace_rtt', '-rtt_freq', '100'] : []),
    ...['-deadcall_wait', '0', '-max_socket', '2048'],
    ...optional('-inf', options.usersFile),
    ...optional('-r', options.rate),
    ...optional('-m', options.calls),
    ...optional('-l', options.callsAtOnceMax),
    ...optional('-oocsf', options.outOfCall === undefined ? undefined : scenario(options.outOfCall)),
    ...optional('-timeout', timeoutOf(options)),
    ...(timeoutOf(options) === undefined ? [] : ['-timeout_error']),
    ...(options.transport === 'tcp' ? ['-t', 't1'] : []),
    ...Object.entries(options.keys ?? {}).flatMap(([key, value]) => ['-key', key, value]),
    ...(options.extra ?? []),
  ];
};

/** Of SIPp's own file: `date;milliseconds;which`. */
const readLatencies = (folder: string): readonly number[] => {
  const file = readdirSync(folder).find((name) => name.endsWith('_rtt.csv'));
  if (file === undefined) return [];
  return statLines(path.join(folder, file))
    .map((line) => line.split(';'))
    .filter((fields) => fields[2]?.trim() === '2')
    .map((fields) => Number(fields[1]));
};

const resultOf = (child: Child, folder: string, exitCode: number, startMs: number): SippResult => {
  const row = lastRow(path.join(folder, 'stat.csv'));
  const count = (name: string) => Number(row[name] ?? 0);
  const errors = readErrors(path.join(folder, 'errors.log'));
  return {
    exitCode,
    created: count('TotalCallCreated'),
    successful: count('SuccessfulCall(C)'),
    failed: count('FailedCall(C)'),
    retransmissions: count('Retransmissions(C)'),
    p50Ms: quantile(row, 0.5),
    p99Ms: quantile(row, 0.99),
    latenciesMs: readLatencies(folder),
    seconds: Math.round((performance.now() - startMs) / 100) / 10,
    errors: errors === '' && exitCode !== 0 ? child.output().slice(-ERRORS_CHARACTERS_MAX) : errors,
  };
};

/** Starts SIPp; `result` settles when it has made all its calls. */
export const startSipp = (options: SippOptions): SippRun => {
  requireSipp();
  const folder = mkdtempSync(path.join(tmpdir(), 'sipp-'));
  const startMs = performance.now();
  const child = startChild('sipp', toArguments(options, folder), {
    cwd: folder,
    env: { ...process.env, TERM: 'dumb' },
    cpus: options.cpus,
  });
  const result = child.exit.then((code) => {
    const read = resultOf(child, folder, code, startMs);
    rmSync(folder, { recursive: true, force: true });
    return read;
  });
  return {
    result,
    async stop() {
      // SIGUSR1: finish the calls that run; then for certain.
      child.signal('SIGUSR1');
      await Promise.race([child.exit, sleep(1500)]);
      if (!child.ended) child.signal('SIGKILL');
      return result;
    },
  };
};

export const runSipp = (options: SippOptions): Promise<SippResult> => startSipp(options).result;

/** Rejects unless every call of the run succeeded. */
export const allSucceeded = (what: string, result: SippResult, calls: number): void => {
  if (result.exitCode === 0 && result.failed === 0 && result.successful >= calls) return;
  const figures = `exit ${result.exitCode}, ${result.successful} of ${calls} successful, ${result.failed} failed`;
  throw new Error(`${what}: ${figures}\n${result.errors}`);
};
