// Who is this? Challenges a REGISTER, and verifies the answer (RFC 3261 §22, RFC 7616, RFC 8760, TS 24.229 §5.4.1.2).
// Writes challenges; reads credentials through Homestead at every verification, so that a changed password holds at once.
// Who fails too often is slowed down (failure-brake.ts).
import type { AuthVector } from '#libs/homestead-client';
import {
  challengeHeader,
  decodeUtf8,
  detached,
  digestAlgorithm,
  type DigestCredentials,
  digestResponse,
  nonceCount,
  sameDigest,
  type ServerTransaction,
} from '#libs/sip';
import type { SproutPorts, SproutSettings } from '../ports.js';
import { replyBackEndFault, isInfrastructure, replyFault } from '../faults.js';
import type { Challenges } from './challenges.js';
import { clientAddress } from './client-address.js';
import { CLAIMED_IMPI_LENGTH_MAX } from './decoy.js';
import type { FailureBrake, Source } from './failure-brake.js';

const NONCE_CHARACTERS = 26; // ≥ 128 bits

export type Authenticator = Readonly<{
  ports: SproutPorts;
  settings: SproutSettings;
  challenges: Challenges;
  brake: FailureBrake;
  /** Asked of whoever is nobody. */
  decoy: AuthVector;
}>;

/** The private identity that a request claims, or the one its public identity implies. A text of its own: rows keep it. */
export const claimedImpi = (credentials: DigestCredentials | undefined, impu: string): string => {
  const username = credentials?.username ?? '';
  // Messages are latin1 text here; identities are provisioned as UTF-8.
  return username === '' ? impu.slice(impu.indexOf(':') + 1) : decodeUtf8(detached(username));
};

/** Who a REGISTER says it is, and with what proof. */
export type Claim = Readonly<{ impi: string; impu: string; credentials: DigestCredentials | undefined }>;

const ha1For = (vector: AuthVector, algorithm: string): string | undefined =>
  algorithm === 'SHA-256' ? vector.ha1Sha256 : vector.ha1Md5;

const REFUSED = Promise.resolve(false);

type Offer = Readonly<{ vector: AuthVector; nonce: string; stale: boolean }>;

const offer = (
  { ports, settings }: Authenticator,
  tx: ServerTransaction,
  { vector, nonce, stale }: Offer,
): void => {
  const opaque = ports.random.token(16);
  let headers = '';
  for (const algorithm of settings.digestAlgorithms)
    if (ha1For(vector, algorithm) !== undefined)
      headers += `WWW-Authenticate: ${challengeHeader({ realm: vector.realm, nonce, opaque, algorithm, qop: vector.qop, stale })}\r\n`;
  ports.observer.count('challenge');
  tx.reply(401, 'Unauthorized', headers);
};

/** Always false: not let in, by this answer. */
const challenge = async (
  authenticator: Authenticator,
  tx: ServerTransaction,
  { impi, address }: Source,
  vector: AuthVector,
  stale: boolean,
): Promise<false> => {
  const { ports, challenges } = authenticator;
  const nonce = ports.random.token(NONCE_CHARACTERS);
  if (await challenges.add(impi, nonce, ports.clock.nowMs(), address))
    offer(authenticator, tx, { vector, nonce, stale });
  else replyFault(tx, ports);
  return false;
};

/** The answer's digest, computed from what Homestead knows; undefined when it cannot be right. */
const expectedResponse = (
  auth: DigestCredentials,
  vector: AuthVector,
  method: string,
  offered: readonly string[],
): string | undefined => {
  const algorithm = digestAlgorithm(auth.algorithm);
  // Only what was offered: an answer in a weaker algorithm proves nothing (RFC 8760 §2.4).
  if ((algorithm !== 'MD5' && algorithm !== 'SHA-256') || !offered.includes(algorithm)) return undefined;
  const ha1 = ha1For(vector, algorithm);
  if (ha1 === undefined || auth.cnonce === undefined || auth.uri === undefined) return undefined;
  const { nonce = '', nc = '', cnonce, uri } = auth;
  return digestResponse({ algorithm, ha1, nonce, nc, cnonce, qop: 'auth', method, uri });
};

/** Is the answer to this challenge the right one? Nothing is awaited: no try overtakes the count of those before it. */
const isRight = (
  auth: DigestCredentials,
  response: string,
  vector: AuthVector,
  { request }: ServerTransaction,
  { digestAlgorithms }: SproutSettings,
): boolean => {
  if (auth.qop?.toLowerCase() !== 'auth' || nonceCount(auth.nc) <= 0) return false;
  const expected = expectedResponse(auth, vector, request.method, digestAlgorithms);
  return expected !== undefined && sameDigest(expected, response);
};

type Try = Readonly<{ claim: Claim; source: Source; waitedMs: number }>;

const attempt = async (
  authenticator: Authenticator,
  tx: ServerTransaction,
  { claim, source, waitedMs }: Try,
): Promise<boolean> => {
  const { ports, settings, challenges, brake, decoy } = authenticator;
  const { impi, impu, credentials: auth } = claim;
  const answer = await ports.homestead.authVector(impi, impu, { serverName: settings.scscfUri });
  if (!answer.ok && isInfrastructure(answer.failure)) {
    replyBackEndFault(tx, answer.failure, ports);
    return false;
  }
  const vector = answer.ok ? answer.value : decoy;
  if (auth?.response === undefined || auth.response === '' || auth.nonce === undefined)
    return challenge(authenticator, tx, source, vector, false);
  // Credentials for somebody else's realm prove nothing here, and are no failed try either.
  if (auth.realm !== vector.realm) return challenge(authenticator, tx, source, vector, false);

  const nowMs = ports.clock.nowMs();
  const known = await challenges.find(impi, auth.nonce, nowMs);
  if (known === undefined) return challenge(authenticator, tx, source, vector, true);

  // Only who knows the password has a nonce that was answered right (or overheard it, and guesses without us): no wait.
  const waitMs = waitedMs > 0 || known.nc > 0 ? 0 : brake.waitMs(source);
  if (waitMs > 0) {
    const waited = brake.wait(source, waitMs);
    ports.observer.count(waited === undefined ? 'authentication-unjudged' : 'authentication-slowed');
    if (waited === undefined) {
      // The same nonce, still unused: a new one would cost a write, and put out what the tries that wait are judged by.
      offer(authenticator, tx, { vector, nonce: auth.nonce, stale: true });
      return false;
    }
    await waited;
    // Anew: password and challenge may have changed meanwhile.
    return attempt(authenticator, tx, { claim, source, waitedMs: waitMs });
  }
  if (!isRight(auth, auth.response, vector, tx, settings)) {
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
  if (verdict !== 'contended') return challenge(authenticator, tx, source, vector, true);
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
