// Is an answer to a challenge the right one, and may it be judged now (failure-brake.ts)? Used by authenticate.ts and aka-answer.ts.
import { type DigestCredentials, digestResponse, nonceCount, sameDigest } from '#libs/sip';
import type { Authenticator } from './challenge.js';
import type { Source } from './failure-brake.js';

type Secret = Readonly<{ algorithm: 'MD5' | 'SHA-256'; ha1: string }>;

/** Compared in a time that tells nothing. Nothing is awaited: no try overtakes the count of those before it. */
export const isAnswer = (auth: DigestCredentials, { algorithm, ha1 }: Secret, method: string): boolean => {
  const { nonce, nc, cnonce, uri, response } = auth;
  if (auth.qop?.toLowerCase() !== 'auth' || nc === undefined || nonceCount(nc) <= 0) return false;
  if (nonce === undefined || cnonce === undefined || uri === undefined || response === undefined)
    return false;
  return sameDigest(
    digestResponse({ algorithm, ha1, nonce, nc, cnonce, qop: 'auth', method, uri }),
    response,
  );
};

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
