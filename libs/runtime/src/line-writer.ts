// Where log lines go when standard output is a file or a pipe: written at once, and dropped when they cannot be. A disk that is
// full of log lines, or a reader that has gone, must not stop a process that serves (pino's own destination tries for ever).
import { writeSync } from 'node:fs';

/** Writes some of the bytes and says how many; throws when it cannot. */
export type Write = (bytes: Buffer) => number;

/** Tries to write one line; more than this many pieces is nobody who reads. */
const PIECES_MAX = 64;

export interface LineWriter {
  write(line: string): void;
  /** Lines lost since the last one that was written. */
  readonly lost: number;
}

const toStandardOutput: Write = (bytes) => writeSync(process.stdout.fd, bytes);

/** A line that could not be written whole is lost; the next one that can be is preceded by how many were. */
export const createLineWriter = (write: Write = toStandardOutput): LineWriter => {
  let lost = 0;
  let isTorn = false;
  const writeAll = (text: string): boolean => {
    let left = Buffer.from(text);
    try {
      for (let pieces = 0; left.length > 0; pieces++) {
        if (pieces === PIECES_MAX) return false;
        const written = write(left);
        if (written > 0) isTorn = true;
        left = left.subarray(written);
      }
      isTorn = false;
      return true;
    } catch {
      return false;
    }
  };
  return {
    write(line) {
      const before = isTorn ? '\n' : '';
      const gap = lost === 0 ? '' : `{"level":"warn","msg":"log lines were lost","lines":${lost}}\n`;
      if (writeAll(before + gap + line)) lost = 0;
      else lost++;
    },
    get lost() {
      return lost;
    },
  };
};
