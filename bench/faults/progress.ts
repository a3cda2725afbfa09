// What has been played of a long run, kept in a file as it goes: a run that was cut off says how far it came, and is gone on with from there. What did not
// hold is played again, and so is what another version of the product held. Used by accept 8.2 (FAULT_PROGRESS).
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Figure, Report } from '../accept/line.js';

export type Played = Readonly<{
  row: string;
  /** Of the product that it was played on. */
  commit: string;
  at: string;
  figure: Figure;
  checks: number;
  failures: readonly string[];
}>;

export interface Progress {
  /** Has it been played by this version of the product, and held? */
  held(row: string): Played | undefined;
  add(played: Played): void;
}

const isPlayed = (one: Partial<Played>): one is Played =>
  typeof one.row === 'string' && typeof one.commit === 'string' && Array.isArray(one.failures);

/** Without a file nothing is kept. A last line that was not written to its end is no row that held. */
export const openProgress = (file: string | undefined, commit: string): Progress => {
  const held = new Map<string, Played>();
  const lines = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  for (const line of lines) {
    const played = parsed(line);
    if (played === undefined || played.commit !== commit) continue;
    if (played.failures.length === 0 && played.checks > 0) held.set(played.row, played);
    else held.delete(played.row);
  }
  return {
    held: (row) => held.get(row),
    add: (played) => void (file !== undefined && appendFileSync(file, `${JSON.stringify(played)}\n`)),
  };
};

const parsed = (line: string): Played | undefined => {
  try {
    const one = JSON.parse(line) as Partial<Played>;
    return isPlayed(one) ? one : undefined;
  } catch {
    return undefined;
  }
};

export type Witness = Readonly<{ report: Report; seen: () => Omit<Played, 'row' | 'commit' | 'at'> }>;

/** The same report, that also remembers what one row said to it. */
export const witness = (report: Report): Witness => {
  let figure: Figure;
  let checks = 0;
  const failures: string[] = [];
  return {
    report: {
      ...report,
      figure(name, value) {
        figure = value;
        report.figure(name, value);
      },
      check(what, holds, detail = '') {
        checks += 1;
        if (!holds) failures.push(detail === '' ? what : `${what}: ${detail}`);
        report.check(what, holds, detail);
      },
    },
    seen: () => ({ figure, checks, failures }),
  };
};
