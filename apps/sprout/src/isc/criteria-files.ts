// The operator's criteria in files, read at a start and again at SIGHUP.
// Made by sprout-node.ts, which gives the profile cache what is read.
import { type Logger, openOperatorFiles, type ReadResult } from '#libs/runtime';
import type { SproutConfig } from '../sprout.config.js';
import { type CriteriaSets, readCriteriaSets } from './criteria-sets.js';

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

/** Rejects the start when a file that is named cannot be read. */
export const openCriteriaFiles = (
  config: CriteriaFilesConfig,
  logger: Pick<Logger, 'info' | 'warn'>,
): CriteriaFiles => {
  const read = ([sharedXml, fallbackXml]: readonly (string | undefined)[]): ReadResult<CriteriaSets> => {
    const result = readCriteriaSets({
      sharedXml,
      fallbackXml,
      applyFallback: config.applyFallbackIfcs,
      dummyServer: config.dummyAppServer,
      rejectIfNoMatching: config.rejectIfNoMatchingIfcs,
    });
    if (!result.ok) return result;
    for (const problem of result.problems.slice(0, PROBLEMS_TOLD_MAX))
      logger.warn(problem, 'filter criterion of the operator left out');
    return { ok: true, value: result.sets };
  };
  const opened = openOperatorFiles({
    what: 'filter criteria of the operator',
    files: [config.sharedIfcsFile, config.fallbackIfcsFile],
    read,
    changed: (sets) => files.onChange(sets),
    logger,
  });
  const files: CriteriaFiles = {
    get sets() {
      return opened.value;
    },
    onChange: () => undefined,
    close: () => opened.close(),
  };
  return files;
};
