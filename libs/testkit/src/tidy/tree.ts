// The files of the repository that the structure rules judge: everything but what .gitignore names.
// Read by the rules beside it; touches the disk, so only tests use it.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type SourceFile = Readonly<{ path: string; text: string }>;

const FILES_MAX = 20_000;
const SKIPPED = new Set(['node_modules', 'dist', 'coverage', '.git', 'data']);
const TEXT =
  /\.(ts|tsx|mjs|js|json|md|yml|yaml|sh|xml|cfg|txt|html|css|csv)$|\/(run|Dockerfile|LICENSE|\.[a-z]+)$/;
const SIZE_BYTES_MAX = 2 * 1024 * 1024;

export const ROOT = path.resolve(import.meta.dirname, '../../../..');

/** Paths relative to the root, with `/`, sorted. */
export const listFiles = (root: string): readonly string[] => {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue;
      const at = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(at);
      else if (entry.isFile()) found.push(at);
      if (found.length > FILES_MAX) throw new Error(`more than ${FILES_MAX} files below ${root}`);
    }
  };
  walk('');
  return found.sort();
};

export const readFiles = (root: string, paths: readonly string[]): readonly SourceFile[] =>
  paths
    .filter((file) => TEXT.test(`/${file}`))
    .map((file) => ({ path: file, text: readFileSync(path.join(root, file), 'utf8') }))
    .filter(({ text }) => text.length <= SIZE_BYTES_MAX);
