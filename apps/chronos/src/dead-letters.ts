// Callbacks that nobody took: shown, sent again on demand with the number that they had, or thrown away. What became of them is an event.
// Used by the HTTP API and by `npm run timers`.
import { streamOfTimer } from '#libs/domain';
import type { AnsweredAppends, AppendAnswer, ComeAgain } from '#libs/event-log';
import type { DeadLetter, TimersDue } from '#projections/timers-due';
import type { Callbacks } from './callback.port.js';

export type ShownLetter = DeadLetter & Readonly<{ id: string }>;

/** `reason`: its receiver did not take it. ComeAgain: it did, and the log did not: it stays where it is. */
export type Replayed = 'delivered' | 'busy' | 'unknown' | Readonly<{ reason: string }> | ComeAgain;

export interface DeadLetters {
  /** Newest first. */
  list(limit: number): readonly ShownLetter[];
  /** Sends it again now; it stays where it is unless it is taken. */
  replay(id: string): Promise<Replayed>;
  /** Throws it away; false: there is none; ComeAgain: the log did not take it. */
  discard(id: string): Promise<boolean | ComeAgain>;
}

export type DeadLettersPorts = Readonly<{
  due: Pick<TimersDue, 'letters'>;
  appends: Pick<AnsweredAppends, 'append'>;
  callbacks: Callbacks;
  nowMs: () => number;
}>;

export const createDeadLetters = ({ due, appends, callbacks, nowMs }: DeadLettersPorts): DeadLetters => {
  const resolve = (letter: DeadLetter, how: 'delivered' | 'discarded'): Promise<AppendAnswer> => {
    const { sequence, of, timer } = letter;
    const data = { sequence, of, atMs: Math.round(nowMs()), how };
    return appends.append(streamOfTimer(timer), [{ type: 'DeadLetterResolved', data }]);
  };
  return {
    list: (limit) =>
      [...due.letters]
        .slice(-limit)
        .reverse()
        .map(([id, letter]) => ({ id, ...letter })),
    async replay(id) {
      const letter = due.letters.get(id);
      if (letter === undefined) return 'unknown';
      const sent = callbacks.send(letter.uri, letter.sequence, letter.opaque);
      if (sent === undefined) return 'busy';
      const outcome = await sent;
      if (!outcome.ok) return { reason: outcome.reason };
      const answer = await resolve(letter, 'delivered');
      return answer.status === 200 ? 'delivered' : answer;
    },
    async discard(id) {
      const letter = due.letters.get(id);
      if (letter === undefined) return false;
      const answer = await resolve(letter, 'discarded');
      return answer.status === 200 || answer;
    },
  };
};
