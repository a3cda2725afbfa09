// /operator/parked and /operator/dead-letters: what the core could not do, and another try (docs/ellis.md). Used by ellis.ts; who asks has been
// found to be an operator.
import type * as contract from '../contract.js';
import { EllisFault, GONE, notFound, type Outcome, shown, unavailable } from '../outcome.js';
import type { DeadLetters, ParkedStreams, Surroundings } from './surroundings.port.js';

/** Of one answer; `more` says that there are others. */
export const LIST_SHOWN_MAX = 1_000;

export const showParked = async ({ parked }: Surroundings): Promise<Outcome> => {
  if (parked === undefined) return shown({ parked: null, more: false });
  const streams = (await parked.list()).toSorted((a, b) => a.sinceMs - b.sinceMs);
  const rows = streams.slice(0, LIST_SHOWN_MAX).map(({ sinceMs: since, ...rest }) => ({ ...rest, since }));
  return shown({ parked: rows, more: streams.length > rows.length } satisfies contract.ParkedStreams);
};

const parkedOf = ({ parked }: Surroundings): ParkedStreams => {
  if (parked === undefined) throw notFound('no view is kept here');
  return parked;
};

export const retryParked = async (surroundings: Surroundings, id: string): Promise<Outcome> => {
  const left = await parkedOf(surroundings).retry(id);
  if (left === undefined) throw notFound('nothing is parked under this id');
  return shown({ left });
};

export const showDeadLetters = async ({ deadLetters }: Surroundings): Promise<Outcome> => {
  if (deadLetters === undefined) return shown({ dead_letters: null, more: false });
  const letters = await deadLetters.list(LIST_SHOWN_MAX + 1);
  // What it carries is its client's own.
  const rows = letters
    .slice(0, LIST_SHOWN_MAX)
    .map(({ id, timer, sequence, uri, reason, tries, atMs: at }) => ({ id, timer, sequence, uri, reason, tries, at }));
  return shown({ dead_letters: rows, more: letters.length > rows.length } satisfies contract.DeadLetters);
}; // prettier-ignore

const lettersOf = ({ deadLetters }: Surroundings): DeadLetters => {
  if (deadLetters === undefined) throw notFound('no timers are known here');
  return deadLetters;
};

const noLetter = (): EllisFault => notFound('no such dead letter');
const logTakesNothing = (): EllisFault => unavailable('the log takes nothing now: it stays where it is');

export const replayDeadLetter = async (surroundings: Surroundings, id: string): Promise<Outcome> => {
  const replayed = await lettersOf(surroundings).replay(id);
  if (replayed === 'unknown') throw noLetter();
  if (replayed === 'later') throw logTakesNothing();
  if (replayed === 'busy') throw unavailable('too many callbacks wait for that host');
  if (replayed !== 'delivered') throw new EllisFault(502, `its receiver did not take it: ${replayed.reason}`);
  return GONE;
};

export const discardDeadLetter = async (surroundings: Surroundings, id: string): Promise<Outcome> => {
  const discarded = await lettersOf(surroundings).discard(id);
  if (discarded === 'later') throw logTakesNothing();
  if (!discarded) throw noLetter();
  return GONE;
};
