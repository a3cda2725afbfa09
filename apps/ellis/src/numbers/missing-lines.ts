// Numbers whose subscriber Homestead Prov did not know when it was asked: they go back to the pool (backend.md §9). One such answer takes
// nothing from anybody, since the one that was asked may be behind the one that made the line: it is asked again a minute later, and then the
// number is given back. Used by numbers.ts.
import type { LineNumber } from '#libs/domain';
import { NOT_BY_VIEW, numberByLog } from '../by-log.js';
import type { EllisContext } from '../context.js';
import { privateIdsOf } from '../upstream/subscribers.js';
import { releaseNumber } from './delete-line.js';

const lookAgain = async (context: EllisContext, line: LineNumber, by: string): Promise<void> => {
  const known = await numberByLog(context, line.number, NOT_BY_VIEW);
  // Given back and taken again meanwhile: another line.
  if (known?.numberId !== line.numberId) return;
  if ((await privateIdsOf(context.provisioning, line.number)) === undefined)
    await releaseNumber(context, known, by);
};

/** To be given back, if it is still missing then. */
export const noteMissing = (context: EllisContext, line: LineNumber, by: string): void =>
  context.secondLooks.note(line.number, () => lookAgain(context, line, by));
