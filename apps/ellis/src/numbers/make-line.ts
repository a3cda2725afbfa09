// A line made: a number is taken from the pool, its subscriber provisioned, then it is confirmed (backend.md §9). What fails in between is
// backed out; what a crash or a second fault leaves is backed out later (line-process.ts): the number stays taken until then.
import { accountStream, BY_KEY, type LineNumber } from '#libs/domain';
import { AppendUnknown } from '#libs/event-log';
import type { EllisContext } from '../context.js';
import { type EllisFault, forbidden, isRefused, notFound, unavailable } from '../outcome.js';
import { defaultFilterCriteria, DEFAULT_SIMSERVS } from '../upstream/default-documents.js';
import { putSimservs } from '../upstream/documents.js';
import { isKnownElsewhere, makeSubscriber, privateIdsOf } from '../upstream/subscribers.js';
import { inTurn } from './in-turn.js';
import { backOut, releaseNumber } from './delete-line.js';
import { isDefaultOf, onNumber } from './line-stream.js';
import type { NumberPool } from './number-pool.js';

/** Lines that are made or taken away at once: each asks the neighbours some ten times, one after the other. */
export const LINES_AT_ONCE_MAX = 8;
/** Requests that wait for their turn, some ten seconds of work; beyond it they are to come again. */
export const LINES_WAITING_MAX = 256;
/** Of those, requests of one account's own session; who has the key acts for all. */
export const LINES_WAITING_OF_ACCOUNT_MAX = 32;
/** A client gives up some time: a line that is made after that is nobody's. */
export const LINE_WAITING_MS_MAX = 20_000;
/** Draws until one was free; other processes draw too. */
export const DRAWS_MAX = 100;
const PASSWORD_CHARACTERS = 12;

export type NewNumber = Readonly<{
  account: string;
  by: string;
  pstn: boolean;
  /** One of the account's own; absent: the number's. */
  privateId?: string;
}>;

export type MadeLine = Readonly<{ line: LineNumber; password?: string }>;

type Take = NewNumber & Readonly<{ number: string; specified: boolean }>;

const uuid = (context: EllisContext): string => {
  const bytes = context.random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

const takeNumber = async (context: EllisContext, take: Take): Promise<LineNumber> => {
  const { number, account, by, pstn, specified, privateId = number.slice('sip:'.length) } = take;
  const state = await onNumber(context, {
    type: 'AllocateNumber',
    data: { number, account, by, numberId: uuid(context), privateId, pstn, specified, atMs: context.clock.nowMs() },
  }); // prettier-ignore
  if (state === undefined) throw new Error('a number that was taken belongs to nobody');
  return state;
};

/** Neither its identity nor its private one was made by others; one that is shared on purpose does not count. */
const isNew = async ({ provisioning }: EllisContext, line: LineNumber): Promise<boolean> =>
  isDefaultOf(line)
    ? !(await isKnownElsewhere(provisioning, line.number, line.privateId))
    : (await privateIdsOf(provisioning, line.number)) === undefined;

/** Takes a number that nobody made anything of; undefined: somebody did, and it is given back. */
export const takeNew = async (context: EllisContext, take: Take): Promise<LineNumber | undefined> => {
  const line = await takeNumber(context, take);
  try {
    if (await isNew(context, line)) return line;
  } catch (error) {
    await releaseNumber(context, line, take.by);
    throw error;
  }
  await releaseNumber(context, line, take.by);
  return undefined;
};

const noNumbers = (): EllisFault => unavailable('no numbers are available', 60);

const poolFor = ({ pools }: EllisContext, { pstn }: NewNumber): NumberPool =>
  pstn ? pools.pstn : pools.ordinary;

/** A free number of the pool; 503 when there is none. */
const takeFromPool = async (context: EllisContext, wanted: NewNumber): Promise<LineNumber> => {
  const pool = poolFor(context, wanted);
  for (let draws = 1; draws <= DRAWS_MAX; draws++) {
    const number = pool.draw();
    if (number === undefined) break;
    try {
      const line = await takeNew(context, { ...wanted, number, specified: false });
      if (line !== undefined) return line;
      // Not of Ellis: nobody draws it again here.
      pool.note(number, true);
    } catch (error) {
      // Somebody else has it, which the pool did not know yet.
      if (isRefused(error, 'NumberTaken')) continue;
      // Unknown may still turn out to be taken: the log will tell the pool.
      if (!(error instanceof AppendUnknown)) pool.note(number, false);
      throw error;
    }
  }
  throw noNumbers();
};

const provision = async (context: EllisContext, line: LineNumber, password?: string): Promise<void> => {
  const { provisioning, homer, settings, clock } = context;
  const { number: impu, privateId: impi, numberId: key } = line;
  const filterCriteria = defaultFilterCriteria(settings.homeDomain);
  const secret = password === undefined ? {} : { password };
  await makeSubscriber(provisioning, { impu, impi, filterCriteria, key, ...secret });
  await putSimservs(homer, { impu, xml: DEFAULT_SIMSERVS }, clock);
};

export const newSipPassword = ({ random }: EllisContext): string => random.token(PASSWORD_CHARACTERS);

/** There was one. What another node deleted this moment, and what cannot be read now, is found later (line-process.ts). */
const isDeleted = ({ lines }: EllisContext, account: string): Promise<boolean> =>
  lines.head(accountStream(account)).then(
    (row) => row !== undefined && row.state === undefined,
    () => false,
  );

/** The line counts. One whose account was deleted while it was made is refused: who takes the address next would have it. */
const confirm = async (context: EllisContext, { number, account }: LineNumber, by: string) => {
  const confirmed = await onNumber(context, { type: 'ConfirmNumber', data: { number, account, by } });
  if (await isDeleted(context, account)) throw notFound('no such account');
  return confirmed;
};

/** Provisions a number that was taken; the password is told this once. */
export const completeLine = async (
  context: EllisContext,
  line: LineNumber,
  by: string,
  isNewPrivate = isDefaultOf(line),
): Promise<MadeLine> => {
  const { account } = line;
  const password = isNewPrivate ? newSipPassword(context) : undefined;
  try {
    await provision(context, line, password);
    const confirmed = await inTurn(account, () => confirm(context, line, by));
    const secret = password === undefined ? {} : { password };
    return { line: confirmed ?? line, ...secret };
  } catch (error) {
    // A confirmation that may have been kept is no reason to take the line away.
    if (!(error instanceof AppendUnknown))
      await backOut(context, line, by).catch((fault: unknown) => context.onFault?.(fault));
    throw error;
  }
};

const requireRoom = async ({ lines, settings }: EllisContext, { account, privateId }: NewNumber) => {
  const most = settings.numbersPerAccountMax;
  const held = await lines.linesOf(account, most);
  if (held.length >= most) throw forbidden(`an account has at most ${most} numbers`);
  if (privateId !== undefined && !held.some((line) => line.privateId === privateId && line.isProvisioned))
    throw forbidden('the private identity is of no number of this account');
};

const makeNow = async (context: EllisContext, wanted: NewNumber): Promise<MadeLine> => {
  // Who asks for many at once is counted one by one.
  const line = await inTurn(wanted.account, async () => {
    await requireRoom(context, wanted);
    return takeFromPool(context, wanted);
  });
  return completeLine(context, line, wanted.by);
};

/** A line of a number of the pool, in its turn; 503 when the pool is empty or too many wait. */
export const makeLine = async (context: EllisContext, wanted: NewNumber): Promise<MadeLine> => {
  if (poolFor(context, wanted).freeCount === 0) {
    // Nobody waits his turn for nothing; who has enough is told that first.
    await requireRoom(context, wanted);
    throw noNumbers();
  }
  return context.turns.run(() => makeNow(context, wanted), wanted.by === BY_KEY ? undefined : wanted.account);
};
