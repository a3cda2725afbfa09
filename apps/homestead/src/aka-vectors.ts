// AKA vectors of subscribers of this deployment: a random challenge under the next sequence number, which is durable beside the secret
// before the vector is given out (TS 33.102 §6.3, Annex C). Used by homestead.ts.
import { nextSqn, resumedSqn, sqnOfAuts, vectorOf } from '#libs/aka';
import type { AkaVector } from '#libs/homestead-client';
import type { Random } from '#libs/runtime';
import type { AkaCredential, CredentialStore } from '#libs/stores';

export type AkaPorts = Readonly<{
  credentials: Pick<CredentialStore, 'sequence' | 'advanceSequence'>;
  random: Pick<Random, 'bytes'>;
}>;

/** Only requests of one private identity contend; beyond it the caller is told that the store is not available. */
export const SEQUENCE_TRIES_MAX = 20;
const RAND_BYTES = 16;

export type AkaWanted = Readonly<{
  /** Of the credential in force: the number counts beside it. */
  credentialVersion: string;
  version: AkaVector['version'];
  /** RAND and AUTS of a phone that has counted further. */
  resync: Buffer | undefined;
}>;

const secretsOf = ({ k, opc }: AkaCredential) => ({ k: Buffer.from(k, 'hex'), opc: Buffer.from(opc, 'hex') });

/** undefined: contended beyond the bound. An AUTS that is not the phone's own changes nothing. */
export const nextAkaVector = async (
  { credentials, random }: AkaPorts,
  credential: AkaCredential,
  { credentialVersion, version, resync }: AkaWanted,
): Promise<AkaVector | undefined> => {
  const secrets = secretsOf(credential);
  const theirs = resync && sqnOfAuts(secrets, resync.subarray(0, RAND_BYTES), resync.subarray(RAND_BYTES));
  for (let tries = 0; tries < SEQUENCE_TRIES_MAX; tries++) {
    const last = await credentials.sequence(credentialVersion);
    const own = last ?? credential.sqn;
    const sqn = nextSqn(theirs === undefined ? own : resumedSqn(own, theirs));
    if (!(await credentials.advanceSequence(credentialVersion, last, sqn))) continue;
    const amf = Buffer.from(credential.amf, 'hex');
    const { rand, autn, xres, ck, ik } = vectorOf(secrets, random.bytes(RAND_BYTES), sqn, amf);
    return {
      kind: 'aka',
      challenge: Buffer.concat([rand, autn]).toString('base64'),
      response: xres.toString('hex'),
      cryptkey: ck.toString('hex'),
      integritykey: ik.toString('hex'),
      version,
    };
  }
  return undefined;
};
