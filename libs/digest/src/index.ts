export { CLAIMED_IMPI_LENGTH_MAX, createDecoy } from './decoy.js';
export {
  type Asked,
  HttpDigest,
  type HttpDigestPorts,
  isOfTarget,
  type Verdict,
  type Whose,
} from './http-digest.js';
export { ha1For, isAnswer } from './is-answer.js';
export { type NonceCounts, sharedNonceCounts } from './nonce-counts.js';
export { loadNonceKey, NONCE_LIFE_MS, SignedNonces } from './signed-nonces.js';
