// Accounts and numbers by the log itself. The view may be behind: another process wrote, rows are being folded anew, a stream is parked.
// So what it does not hold refuses nobody and takes nothing away before the log has been asked; a log that does not answer is a fault of
// ours. Read wherever an absence would be answered 403 or 404, and by what deletes of its own accord.
import { type Account, accountStream, type LineNumber, numberStream } from '#libs/domain';
import type { EllisContext } from './context.js';
import { unavailable } from './outcome.js';

const LOG_MS_MAX = 2_000;

/** Nothing that the view holds will do: the log is asked in any case. */
export const NOT_BY_VIEW = (): boolean => false;

/** The row of a stream holds all that the log has of it; 503 when it cannot be had. */
const caughtUp = async ({ lines, clock, onFault }: EllisContext, stream: string): Promise<void> => {
  let cancel = (): void => undefined;
  const late = new Promise<'late'>((resolve) => (cancel = clock.after(LOG_MS_MAX, () => resolve('late'))));
  const done = lines.catchUp(stream).then(
    () => 'done' as const,
    (error: unknown) => {
      onFault?.(error);
      return 'failed' as const;
    },
  );
  const outcome = await Promise.race([done, late]);
  cancel();
  if (outcome !== 'done') throw unavailable('accounts and numbers cannot be read now');
};

/** The account; undefined: there is none, by the log. `suits`: with what of the view the caller is content. */
export const accountByLog = async (
  context: EllisContext,
  address: string,
  suits: (seen: Account) => boolean = () => true,
): Promise<Account | undefined> => {
  const seen = await context.lines.account(address);
  if (seen !== undefined && suits(seen)) return seen;
  await caughtUp(context, accountStream(address));
  return context.lines.account(address);
};

/** The number, as accountByLog. */
export const numberByLog = async (
  context: EllisContext,
  number: string,
  suits: (seen: LineNumber) => boolean = () => true,
): Promise<LineNumber | undefined> => {
  const seen = await context.lines.number(number);
  if (seen !== undefined && suits(seen)) return seen;
  await caughtUp(context, numberStream(number));
  return context.lines.number(number);
};
