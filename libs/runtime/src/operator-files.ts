// Files of the operator (criteria, routes, numbers, trunks): read at a start and again at SIGHUP; what cannot be read then leaves
// what was. Used by the apps that have such files.
import { readFileSync } from 'node:fs';
import type { Logger } from './logger.js';
import { StartRefused } from './process.js';

export type ReadResult<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; reason: string }>;

export interface OperatorFiles<T> {
  readonly value: T;
  close(): void;
}

export type OperatorFilesOptions<T> = Readonly<{
  /** In words, for the operator: `filter criteria of the operator`. */
  what: string;
  /** Paths; an empty one is no file. Without any nothing is read again. */
  files: readonly string[];
  /** From the texts in the order of the files; undefined where there is no file. */
  read: (texts: readonly (string | undefined)[]) => ReadResult<T>;
  /** Told of what is read later. */
  changed?: (value: T) => void;
  logger: Pick<Logger, 'info' | 'warn'>;
}>;

/** Rejects the start when a file that is named cannot be read. */
export const openOperatorFiles = <T>(options: OperatorFilesOptions<T>): OperatorFiles<T> => {
  const { what, files, logger } = options;
  const read = (): ReadResult<T> => {
    try {
      return options.read(files.map((file) => (file === '' ? undefined : readFileSync(file, 'utf8'))));
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  };
  const first = read();
  if (!first.ok) throw new StartRefused(`cannot start: ${what}: ${first.reason}`);
  let { value } = first;
  const again = (): void => {
    const result = read();
    if (!result.ok) return logger.warn({ reason: result.reason }, `${what} stay as they were`);
    ({ value } = result);
    options.changed?.(value);
    logger.info({ files: files.filter((file) => file !== '') }, `${what} read again`);
  };
  if (files.some((file) => file !== '')) process.on('SIGHUP', again);
  return {
    get value() {
      return value;
    },
    close: () => void process.off('SIGHUP', again),
  };
};
