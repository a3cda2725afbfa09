// Who is this? Challenges a REGISTER, and verifies the answer (RFC 3261 §22, RFC 7616, RFC 8760, TS 24.229 §5.4.1.2).
// Writes challenges; reads credentials through Homestead at every verification, so that a changed password holds at once.
import type { AuthVector } from '#libs/homestead-client';
import {
  challengeHeader,
  decodeUtf8,
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

const NONCE_CHARACTERS = 26; // ≥ 128 bits

export type Authenticator = Readonly<{
  ports: SproutPorts;
  settings: SproutSettings;
  challenges: Challenges;
}>;

/** The private identity that a request claims, or the one its public identity implies. */
export const claimedImpi = (credentials: DigestCredentials | undefined, impu: string): string => {
  const username = credentials?.username ?? '';
  // Messages are latin1 text here; identities are provisioned as UTF-8.
  return username === '' ? impu.slice(impu.indexOf(':') + 1) : decodeUtf8(username);
};

/** Who a REGISTER says it is, and with what proof. */
export type Claim = Readonly<{ impi: string; impu: string; credentials: DigestCredentials | undefined }>;

const ha1For = (vector: AuthVector, algorithm: string): string | undefined =>
  algorithm === 'SHA-256' ? vector.ha1Sha256 : vector.ha1Md5;

const challenge = async (
  { ports, settings, challenges }: Authenticator,
  tx: ServerTransaction,
  impi: string,
  vector: AuthVector,
  stale: boolean,
): Promise<void> => {
  const nonce = ports.random.token(NONCE_CHARACTERS);
  const opaque = ports.random.token(16);
  if (!(await challenges.add(impi, nonce, ports.clock.nowMs()))) return replyFault(tx, ports);
  let headers = '';
  for (const algorithm of settings.digestAlgorithms)
    if (ha1For(vector, algorithm) !== undefined)
      headers += `WWW-Authenticate: ${challengeHeader({ realm: vector.realm, nonce, opaque, algorithm, qop: vector.qop, stale })}\r\n`;
  ports.observer.count('challenge');
  tx.reply(401, 'Unauthorized', headers);
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

/**
 * Verifies a REGISTER or answers it. False when it was answered: 401 (no answer yet, stale, wrong realm),
 * 403 (wrong answer, identity not of this user), 500/504 (infrastructure).
 */
export const authenticate = async (
  authenticator: Authenticator,
  tx: ServerTransaction,
  { impi, impu, credentials: auth }: Claim,
): Promise<boolean> => {
  const { ports, settings, challenges } = authenticator;
  const answer = await ports.homestead.authVector(impi, impu, { serverName: settings.scscfUri });
  if (!answer.ok) {
    if (isInfrastructure(answer.failure)) replyBackEndFault(tx, answer.failure, ports);
    else tx.reply(403, 'Forbidden');
    return false;
  }
  const vector = answer.value;
  const again = async (stale: boolean): Promise<false> => {
    await challenge(authenticator, tx, impi, vector, stale);
    return false;
  };

  if (auth?.response === undefined || auth.response === '' || auth.nonce === undefined) return again(false);
  // Credentials for somebody else's realm prove nothing here, and are no failed try either.
  if (auth.realm !== vector.realm) return again(false);

  const nowMs = ports.clock.nowMs();
  const known = await challenges.find(impi, auth.nonce, nowMs);
  if (known === undefined) return again(true);

  const nc = nonceCount(auth.nc);
  const expected =
    auth.qop?.toLowerCase() === 'auth' && nc > 0
      ? expectedResponse(auth, vector, tx.request.method, settings.digestAlgorithms)
      : undefined;
  if (expected === undefined || !sameDigest(expected, auth.response)) {
    ports.observer.count('authentication-failed');
    tx.reply(403, 'Forbidden');
    return false;
  }
  // Judged after the digest: nobody without the password can use up a nonce count.
  const keepUntilMs = nowMs + settings.regMaxExpiresS * 1000;
  const verdict = await challenges.accept(impi, auth.nonce, nc, keepUntilMs, nowMs);
  if (verdict === 'accepted') return true;
  if (verdict === 'contended') replyFault(tx, ports);
  else await again(true);
  return false;
};
