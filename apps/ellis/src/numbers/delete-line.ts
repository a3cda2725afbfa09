// A line taken away: its document, its subscriber, what its phones registered, then the number is free. A crash in between leaves a number whose subscriber is gone, which
// the account's next look at its numbers gives back (backend.md §9). Used by the handlers of numbers and accounts, and at a start.
import type { LineNumber } from '#libs/domain';
import { numberByLog } from '../by-log.js';
import type { EllisContext } from '../context.js';
import { EllisFault, isRefused } from '../outcome.js';
import { removeSimservs } from '../upstream/documents.js';
import { endRegistrations } from '../upstream/registrations.js';
import { privateIdsOf, publicIdsOf, removeSubscriber, unmakeSubscriber } from '../upstream/subscribers.js';
import { inTurn } from './in-turn.js';
import { isDefaultOf, onNumber } from './line-stream.js';

/** Gives the number back; whoever was first has done it. */
export const releaseNumber = async (
  context: EllisContext,
  { number, account }: LineNumber,
  by: string,
): Promise<void> => {
  try {
    await onNumber(context, { type: 'ReleaseNumber', data: { number, account, by } });
  } catch (error) {
    if (!isRefused(error, 'UnknownNumber')) throw error;
  }
};

/**
 * One at a time of one number, and only the line that was meant: of two that come at once the later one would take away what somebody has
 * made of the number since. False: that line is there no more.
 */
export const deleteLine = (context: EllisContext, line: LineNumber, by: string): Promise<boolean> =>
  inTurn(line.number, async () => {
    const isMeant = ({ numberId }: LineNumber): boolean => numberId === line.numberId;
    const known = await numberByLog(context, line.number, isMeant);
    if (known === undefined || !isMeant(known)) return false;
    await takeAway(context, line, by);
    return true;
  });

const takeAway = async (context: EllisContext, line: LineNumber, by: string): Promise<void> => {
  const { provisioning, homer, registrar } = context;
  const { number: impu, privateId: impi } = line;
  const served = await publicIdsOf(provisioning, impi);
  const isLast = served.every((one) => one === impu);
  // Otherwise whoever gets the number next would get the private identity, and with it the others.
  if (isDefaultOf(line) && !isLast)
    throw new EllisFault(409, 'other numbers share the private identity of this one: delete them first');
  await removeSimservs(homer, impu);
  await removeSubscriber(provisioning, { impu, impi, isLast });
  // From here on nobody can register it again.
  await endRegistrations(registrar, impu);
  await releaseNumber(context, line, by);
};

/** A number that was taken and never came to work: what was made of it is taken back. */
export const backOut = async (context: EllisContext, line: LineNumber, by: string): Promise<void> => {
  const { number: impu, privateId: impi, numberId: key } = line;
  await unmakeSubscriber(context.provisioning, { key, impi, isOwnPrivate: isDefaultOf(line) });
  if ((await privateIdsOf(context.provisioning, impu)) === undefined)
    await removeSimservs(context.homer, impu);
  await releaseNumber(context, line, by);
};
