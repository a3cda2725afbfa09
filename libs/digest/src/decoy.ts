// What who cannot succeed is challenged with and judged by, so that nobody learns from the answers who is a subscriber: an unknown name
// is asked, timed and refused as a known one with a wrong password is (docs/adr/0007). Used by Sprout's authentication and by http-digest.ts.
import type { AuthVector } from '#libs/homestead-client';
import type { Random } from '#libs/runtime';

/** 128 bits: nobody answers right by chance. */
const HA1_CHARACTERS = 32;

/** Longer names are provisioned for nobody: they are refused at once, and no challenge is kept for them. */
export const CLAIMED_IMPI_LENGTH_MAX = 1_024;

/** A credential that nobody has: a new one each start, one for all. */
export const createDecoy = (random: Pick<Random, 'token'>, realm: string): AuthVector => ({
  kind: 'digest',
  realm,
  qop: 'auth',
  ha1Md5: random.token(HA1_CHARACTERS),
  ha1Sha256: random.token(HA1_CHARACTERS),
  version: 'nobody',
});
