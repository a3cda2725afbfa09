// A REGISTER that answers an AKA challenge: judged by what was kept of the challenge, with nothing asked of Homestead; or a phone that
// has counted further, which gets a challenge above its count (RFC 3310 §3.3, §3.4, TS 33.203 §6.1.3). Used by authenticate.ts.
import { akaHa1, type AkaVersion, readAkaNonce } from '#libs/aka';
import { isAnswer } from '#libs/digest';
import type { DigestCredentials, ServerTransaction } from '#libs/sip';
import { replyFault } from '../faults.js';
import { type Authenticator, challenge, type Claim, offerAka, vectorFor } from './challenge.js';
import type { Source } from './failure-brake.js';
import { takeTurn } from './take-turn.js';

const AUTS_BYTES = 14;
const NO_PASSWORD = Buffer.alloc(0);

export type AkaTry = Readonly<{
  claim: Claim;
  source: Source;
  auth: DigestCredentials & { nonce: string };
  version: AkaVersion;
  waitedMs: number;
}>;

const anew = async (
  authenticator: Authenticator,
  tx: ServerTransaction,
  { claim, source }: AkaTry,
  { stale, resync }: Readonly<{ stale: boolean; resync?: Buffer }>,
): Promise<false> => {
  const vector = await vectorFor(authenticator, tx, claim, resync);
  if (vector === undefined) return false;
  return challenge(authenticator, tx, source, { vector, stale, credentials: claim.credentials });
};

/** RAND and AUTS as Homestead takes them; undefined: it is none. */
const resyncOf = (nonce: string, auts: string): Buffer | undefined => {
  const said = Buffer.from(auts, 'base64');
  const rand = readAkaNonce(nonce)?.rand;
  return rand === undefined || said.length !== AUTS_BYTES ? undefined : Buffer.concat([rand, said]);
};

const refused = (
  { ports, brake }: Authenticator,
  tx: ServerTransaction,
  { source, waitedMs }: AkaTry,
): false => {
  ports.observer.count('authentication-failed');
  if (brake.failed(source, waitedMs, () => tx.reply(403, 'Forbidden')))
    ports.observer.count('authentication-slowed');
  return false;
};

/** As `authenticate`. */
export const answerAka = async (
  authenticator: Authenticator,
  tx: ServerTransaction,
  attempt: AkaTry,
): Promise<boolean> => {
  const { ports, settings, challenges, brake } = authenticator;
  const { claim, source, auth, version, waitedMs } = attempt;
  const { impi } = claim;
  // Credentials for somebody else's realm prove nothing here, and are no failed try either.
  if (auth.realm !== settings.homeDomain) return anew(authenticator, tx, attempt, { stale: false });
  const known = await challenges.find(impi, auth.nonce, ports.clock.nowMs());
  // Another version than was asked for proves nothing: no bidding down (RFC 4169 §4.1).
  if (known?.aka?.version !== version) return anew(authenticator, tx, attempt, { stale: true });

  const waitMs = waitedMs > 0 ? 0 : brake.waitMs(source);
  if (waitMs > 0)
    return takeTurn(authenticator, source, waitMs, {
      refused: () => offerAka(authenticator, tx, { nonce: auth.nonce, version, stale: true }),
      again: () => answerAka(authenticator, tx, { ...attempt, waitedMs: waitMs }),
    });
  const { auts = '' } = auth;
  const resync = auts === '' ? undefined : resyncOf(auth.nonce, auts);
  // The phone that cannot take the challenge has no password to answer with (RFC 3310 §3.4), or does not answer at all: what it
  // says of its count carries a proof of its own, which Homestead checks (TS 33.102 §6.3.5).
  const ha1 = auts === '' ? known.aka.ha1 : akaHa1(impi, settings.homeDomain, NO_PASSWORD);
  const isUnanswered = resync !== undefined && (auth.response ?? '') === '';
  const isRight = isUnanswered || isAnswer(auth, { algorithm: 'MD5', ha1 }, tx.request.method);
  if (!isRight || (auts !== '' && resync === undefined)) return refused(authenticator, tx, attempt);

  const verdict = await challenges.take(impi, auth.nonce, ports.clock.nowMs());
  if (verdict === 'contended') replyFault(tx, ports);
  if (verdict === 'contended') return false;
  if (verdict !== 'accepted') return anew(authenticator, tx, attempt, { stale: true });
  if (resync !== undefined) {
    ports.observer.count('authentication-resynchronised');
    return anew(authenticator, tx, attempt, { stale: false, resync });
  }
  brake.succeeded(source);
  return true;
};
