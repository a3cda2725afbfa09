// Is an answer to a challenge the right one? Over SIP and HTTP alike (RFC 7616 §3.4.1, RFC 8760).
// Used by Sprout's authentication and by http-digest.ts. Secrets pass through; none is kept.
import type { AuthVector } from '#libs/homestead-client';
import { type DigestCredentials, digestResponse, nonceCount, sameDigest } from '#libs/sip';

type Secret = Readonly<{ algorithm: 'MD5' | 'SHA-256'; ha1: string }>;

/** What the stored credential can be judged by in this algorithm; undefined: it was not provisioned with it. */
export const ha1For = (vector: AuthVector, algorithm: string): string | undefined =>
  algorithm === 'SHA-256' ? vector.ha1Sha256 : vector.ha1Md5;

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
