// The operator's criteria in files, read at a start and again at SIGHUP; what cannot be read then leaves those that were.
// Made by sprout-node.ts, which gives the profile cache what is read.
import { readFileSync } from 'node:fs';
import { type Logger, StartRefused } from '#libs/runtime';
import type { SproutConfig } from '../sprout.config.js';
import { type CriteriaSets, type CriteriaSetsResult, readCriteriaSets } from './criteria-sets.js';

/** Problems told one by one; the rest are counted. */
const PROBLEMS_TOLD_MAX = 10;

export type CriteriaFilesConfig = Pick<
  SproutConfig,
  'sharedIfcsFile' | 'fallbackIfcsFile' | 'applyFallbackIfcs' | 'dummyAppServer' | 'rejectIfNoMatchingIfcs'
>;

export interface CriteriaFiles {
  readonly sets: CriteriaSets;
  /** Told of what is read later. */
  onChange: (sets: CriteriaSets) => void;
  close(): void;
}

const textOf = (file: string): string | undefined => (file === '' ? undefined : readFileSync(file, 'utf8'));

const read = (config: CriteriaFilesConfig): CriteriaSetsResult => {
  try {
    return readCriteriaSets({
      sharedXml: textOf(config.sharedIfcsFile),
      fallbackXml: textOf(config.fallbackIfcsFile),
      applyFallback: config.applyFallbackIfcs,
      dummyServer: config.dummyAppServer,
      rejectIfNoMatching: config.rejectIfNoMatchingIfcs,
    });
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
};

/** Rejects the start when a file that is named cannot be read. */
export const openCriteriaFiles = (
  config: CriteriaFilesConfig,
  logger: Pick<Logger, 'info' | 'warn'>,
): CriteriaFiles => {
  const first = read(config);
  if (!first.ok) throw new StartRefused(`cannot start: filter criteria of the operator: ${first.reason}`);
  const tell = ({ problems }: Extract<CriteriaSetsResult, { ok: true }>): void => {
    for (const problem of problems.slice(0, PROBLEMS_TOLD_MAX))
      logger.warn(problem, 'filter criterion of the operator left out');
  };
  tell(first);
  let { sets } = first;
  const files: CriteriaFiles = {
    get sets() {
      return sets;
    },
    onChange: () => undefined,
    close: () => void process.off('SIGHUP', again),
  };
  const again = (): void => {
    const result = read(config);
    if (!result.ok)
      return logger.warn({ reason: result.reason }, 'filter criteria of the operator stay as they were');
    tell(result);
    ({ sets } = result);
    files.onChange(sets);
    logger.info({ sets: sets.shared.size }, 'filter criteria of the operator read again');
  };
  if (config.sharedIfcsFile !== '' || config.fallbackIfcsFile !== '') process.on('SIGHUP', again);
  return files;
};
