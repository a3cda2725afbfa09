// What a figure was measured on: without it a figure means nothing.
// Every JSON line of bench and accept carries it.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { ROOT } from '../harness/root.js';

export type Machine = Readonly<{
  cpu: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  node: string;
  /** One-minute load average before the run: over 1 the figures suffer. */
  load: number;
  commit: string;
  at: string;
}>;

const git = (...args: string[]): string => {
  try {
    return execFileSync('git', args, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
};

/** Short commit, with `+` when tracked files differ from it. */
export const commit = (): string => {
  const hash = git('rev-parse', '--short', 'HEAD');
  if (hash === '') return 'unknown';
  return git('status', '--porcelain', '--untracked-files=no') === '' ? hash : `${hash}+`;
};

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  commit: commit(),
  at: new Date().toISOString(),
});
