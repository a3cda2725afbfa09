// Inputs worth going on from: those with an outcome that none before had. Kept as files, so that the next run begins where
// this one ended; a file is named by what it holds. Used by fuzzer.ts.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { INPUT_BYTES_MAX } from './mutate.js';

/** Kept of one target; beyond it a new outcome takes the place of an old input in memory, and no file is written. */
export const KEPT_MAX = 400;

export class Corpus {
  readonly inputs: string[];
  private readonly outcomes = new Set<string>();
  /** Those of the seeds stay in any case. */
  private readonly seedCount: number;

  constructor(
    seeds: readonly string[],
    /** Absent: nothing is read or written. */
    private readonly folder: string | undefined,
  ) {
    this.inputs = [...seeds];
    this.seedCount = seeds.length;
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder).sort().slice(0, KEPT_MAX))
      this.inputs.push(readFileSync(path.join(folder, name), 'latin1').slice(0, INPUT_BYTES_MAX));
  }

  /** Keeps the input when its outcome is a new one. True: it was. */
  offer(input: string, outcome: string): boolean {
    // Digits say where, not what.
    const key = `${outcome.replace(/\d+/g, '0')} ${Math.floor(Math.log2(input.length + 1))}`;
    if (this.outcomes.has(key) || this.outcomes.size >= 4 * KEPT_MAX) return false;
    this.outcomes.add(key);
    if (this.inputs.includes(input)) return true;
    if (this.inputs.length >= this.seedCount + KEPT_MAX) {
      this.inputs[this.seedCount + (this.outcomes.size % KEPT_MAX)] = input;
      return true;
    }
    this.inputs.push(input);
    if (this.folder !== undefined) {
      const file = path.join(this.folder, createHash('sha1').update(input, 'latin1').digest('hex'));
      if (!existsSync(file)) writeFileSync(file, input, 'latin1');
    }
    return true;
  }

  get bytes(): number {
    return this.inputs.reduce((sum, { length }) => sum + length, 0);
  }
}
