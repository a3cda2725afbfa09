// May a try be judged now (failure-brake.ts)? Used by authenticate.ts and aka-answer.ts.
import type { Authenticator } from './challenge.js';
import type { Source } from './failure-brake.js';

type Turn = Readonly<{
  /** Too many wait already. */
  refused(): void;
  /** All is looked at anew: password and challenge may have changed meanwhile. */
  again(): Promise<boolean>;
}>;

/** Lets a try of who fails too often wait for its turn. */
export const takeTurn = async (
  { ports, brake }: Authenticator,
  source: Source,
  waitMs: number,
  turn: Turn,
): Promise<boolean> => {
  const waited = brake.wait(source, waitMs);
  ports.observer.count(waited === undefined ? 'authentication-unjudged' : 'authentication-slowed');
  if (waited === undefined) {
    turn.refused();
    return false;
  }
  await waited;
  return turn.again();
};
