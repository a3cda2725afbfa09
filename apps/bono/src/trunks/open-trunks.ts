// The trunks of TRUNKS_FILE: read at a start and again at SIGHUP (docs/trunks.md). Made by bono-node.ts.
import { type Logger, openOperatorFiles, type ReadResult } from '#libs/runtime';
import { readTrunks, type Trunk } from './trunk-file.js';
import { Trunks } from './trunks.js';

export type OpenTrunks = Readonly<{ trunks: Trunks; close: () => void }>;

const read = ([text = '']: readonly (string | undefined)[]): ReadResult<readonly Trunk[]> => {
  const result = readTrunks(text);
  return result.ok ? result : { ok: false, reason: `TRUNKS_FILE: ${result.reason}` };
};

/** undefined without a file. Rejects the start when it cannot be read. */
export const openTrunks = (file: string, logger: Pick<Logger, 'info' | 'warn'>): OpenTrunks | undefined => {
  if (file === '') return undefined;
  const opened = openOperatorFiles({
    what: 'trunks',
    files: [file],
    read,
    changed: (value) => trunks.use(value),
    logger,
  });
  const trunks = new Trunks(opened.value);
  return { trunks, close: () => opened.close() };
};
