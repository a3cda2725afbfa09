// How far a campaign has come, in a file: one that was ended goes on from there. Written beside and renamed, so that it is
// whole whenever the process ends. What other code has played does not count: the file names the code by a hash of it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TallyState } from './storm-tally.js';

/** What is played: a file of another campaign, or of other code, is not gone on from. */
export type Played = Readonly<{ from: number; steps: number; code: string }>;

export type Progress = Readonly<{
  played: Played;
  /** All seeds before it are done. */
  next: number;
  /** And these. */
  beyond: readonly number[];
  tally: TallyState;
}>;

/** Of everything that was compiled of these folders. */
export const hashOfCode = (folders: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const folder of folders) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
      .map(({ parentPath, name }) => path.join(parentPath, name))
      .sort();
    for (const file of files) hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
};

export const readProgress = (file: string, played: Played): Progress | undefined => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const progress = JSON.parse(text) as Progress;
  const isSame =
    progress.played.from === played.from &&
    progress.played.steps === played.steps &&
    progress.played.code === played.code;
  return isSame ? progress : undefined;
};

export const writeProgress = (file: string, progress: Progress): void => {
  const beside = `${file}.new`;
  writeFileSync(beside, `${JSON.stringify(progress)}\n`);
  renameSync(beside, file);
};

/** Which seeds are done, when they end in any order. */
export class DoneSeeds {
  readonly #beyond: Set<number>;

  constructor(
    public next: number,
    beyond: readonly number[] = [],
  ) {
    this.#beyond = new Set(beyond);
  }

  has(seed: number): boolean {
    return seed < this.next || this.#beyond.has(seed);
  }

  add(seed: number): void {
    if (this.has(seed)) return;
    this.#beyond.add(seed);
    while (this.#beyond.delete(this.next)) this.next += 1;
  }

  get beyond(): readonly number[] {
    return [...this.#beyond].sort((a, b) => a - b);
  }
}
