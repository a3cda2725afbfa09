// The product as it was at another commit, built: what nodes of a cluster run from before they are exchanged. It stands under dist/, so that it finds the
// packages of this repository; those of then have to be the same. Used by accept 8.3.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRepository, ROOT } from './root.js';

const ARCHIVE_BYTES_MAX = 512 * 1024 * 1024;

const git = (...args: string[]): Buffer =>
  execFileSync('git', ['-C', ROOT, ...args], { maxBuffer: ARCHIVE_BYTES_MAX });

/** Its folder of programs; built once. Throws where the commit is not there, or had other packages. */
export const formerBuild = (revision: string): string => {
  const commit = git('rev-parse', '--verify', `${revision}^{commit}`).toString().trim();
  const folder = inRepository('dist/builds', commit.slice(0, 12));
  const programs = path.join(folder, 'dist');
  const mark = path.join(folder, 'built');
  if (existsSync(mark)) return programs;
  const lock = 'package-lock.json';
  if (!git('show', `${commit}:${lock}`).equals(git('show', `HEAD:${lock}`)))
    throw new Error(`${revision} had other packages: ${lock} differs`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-x', '-C', folder], { input: git('archive', commit) });
  const compiler = inRepository('node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-b'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  writeFileSync(mark, `${commit}\n`);
  return programs;
};
