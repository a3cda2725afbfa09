// Who is this? Challenges a REGISTER, and verifies the answer (RFC 3261 §22, RFC 7616, RFC 8760, TS 24.229 §5.4.1.2).
// Reads passwords through Homestead at every verification, so that a changed one holds at once; answers of a SIM are judged by their
// challenge alone (aka-answer.ts). Who fails too often is slowed down (failure-brake.ts).
import { akaVersionOf } from '#libs/aka';
import { CLAIMED_IMPI_LENGTH_MAX, ha1For, isAnswer } from '#libs/digest';
import type { AuthVector } from '#libs/homestead-client';
import { digestAlgorithm, type DigestCredentials, nonceCount, type ServerTransaction } from '#libs/sip';
import { replyFault } from '../faults.js';
import { answerAka } from './aka-answer.js';
import { type Authenticator, challenge, type Claim, offerDigest, vectorFor } from './challenge.js';
import { clientAddress } from './client-address.js';
import type { Source } from './failure-brake.js';
import { takeTurn } from './take-turn.js';

export { type Authenticator, type Claim, claimedImpi } from './challenge.js';

const REFUSED = Promise.resolve(false);

/** Is the answer to this challenge the right one? */
const isRight = (
  auth: DigestCredentials,
  vector: AuthVector,
  method: string,
  offered: readonly string[],
): boolean => {
  const algorithm = digestAlgorithm(auth.algorithm);
  // Only what was offered: an answer in a weaker algorithm proves nothing (RFC 8760 §2.4).
  if ((algorithm !== 'MD5' && algorithm !== 'SHA-256') || !offered.includes(algorithm)) return false;
  const ha1 = ha1For(vector, algorithm);
  return ha1 !== undefined && isAnswer(auth, { algorithm, ha1 }, method);
};

type Try = Readonly<{ claim: Claim; source: Source; waitedMs: number }>;

const hasAnswer = (auth: DigestCredentials | undefined): auth is DigestCredentials & { nonce: string } =>
  auth?.response !== undefined && auth.response !== '' && auth.nonce !== undefined;

/** What a phone says that has counted further: it owes no answer beside that (TS 24.229 §5.1.1.5.3). */
const hasCount = (auth: DigestCredentials | undefined): auth is DigestCredentials & { nonce: string } =>
  auth?.auts !== undefined && auth.auts !== '' && auth.nonce !== undefined;

const attempt = async (
  authenticator: Authenticator,
  tx: ServerTransaction,
  { claim, source, waitedMs }: Try,
): Promise<boolean> => {
  const { ports, settings, challenges, brake } = authenticator;
  const { impi, credentials: auth } = claim;
  const version = akaVersionOf(auth?.algorithm);
  if (version !== undefined && (hasAnswer(auth) || hasCount(auth)))
    return answerAka(authenticator, tx, { claim, source, auth, version, waitedMs });
  const vector = await vectorFor(authenticator, tx, claim);
  if (vector === undefined) return false;
  // Credentials for somebody else's realm prove nothing here, and are no failed try either.
  if (!hasAnswer(auth) || vector.kind === 'aka' || auth.realm !== vector.realm)
    return challenge(authenticator, tx, source, { vector, stale: false, credentials: auth });

  const nowMs = ports.clock.nowMs();
  const known = await challenges.find(impi, auth.nonce, nowMs);
  if (known === undefined || known.aka !== undefined)
    return challenge(authenticator, tx, source, { vector, stale: true, credentials: auth });

  // Only who knows the password has a nonce that was answered right (or overheard it, and guesses without us): no wait.
  const waitMs = waitedMs > 0 || known.nc > 0 ? 0 : brake.waitMs(source);
  if (waitMs > 0)
    return takeTurn(authenticator, source, waitMs, {
      // The same nonce, still unused: a new one would cost a write, and put out what the tries that wait are judged by.
      refused: () => offerDigest(authenticator, tx, { vector, nonce: auth.nonce, stale: true }),
      again: () => attempt(authenticator, tx, { claim, source, waitedMs: waitMs }),
    });
  if (!isRight(auth, vector, tx.request.method, settings.digestAlgorithms)) {
    ports.observer.count('authentication-failed');
    if (brake.failed(source, waitedMs, () => tx.reply(403, 'Forbidden')))
      ports.observer.count('authentication-slowed');
    return false;
  }
  // Judged after the digest: nobody without the password can use up a nonce count.
  const keepUntilMs = nowMs + settings.regMaxExpiresS * 1000;
  const verdict = await challenges.accept(impi, auth.nonce, nonceCount(auth.nc), keepUntilMs, nowMs);
  if (verdict === 'accepted') brake.succeeded(source);
  if (verdict === 'accepted') return true;
  if (verdict !== 'contended')
    return challenge(authenticator, tx, source, { vector, stale: true, credentials: auth });
  replyFault(tx, ports);
  return false;
};

/**
 * Verifies a REGISTER or answers it. False when it was answered, or will be within seconds: 401 (no answer yet, stale,
 * wrong realm, too many tries at once), 403 (wrong answer; no such user, whatever the answer), 500/504 (infrastructure).
 */
export const authenticate = (
  authenticator: Authenticator,
  tx: ServerTransaction,
  claim: Claim,
): Promise<boolean> => {
  if (claim.impi.length > CLAIMED_IMPI_LENGTH_MAX) {
    tx.reply(403, 'Forbidden');
    return REFUSED;
  }
  const source = { impi: claim.impi, address: clientAddress(tx) };
  return attempt(authenticator, tx, { claim, source, waitedMs: 0 });
};
