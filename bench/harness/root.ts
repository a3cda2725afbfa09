// Where the repository is, from a compiled file: benches read scenarios and write outputs beside the sources.
// Used by everything in bench/.
import { existsSync } from 'node:fs';
import path from 'node:path';

const find = (folder: string): string => {
  if (existsSync(path.join(folder, 'nest-cli.json'))) return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error('not inside the repository');
  return find(parent);
};

export const ROOT = find(import.meta.dirname);
export const inRepository = (...parts: string[]): string => path.join(ROOT, ...parts);
