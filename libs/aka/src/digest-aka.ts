// Digest with AKA in the password's place: the nonce carries RAND and AUTN, the password is what the SIM made of them (RFC 3310 §3,
// RFC 4169 §2). Pure. Used by sprout's authentication and by the test phone.
import { createHmac, hash } from 'node:crypto';

export type AkaVersion = 1 | 2;

/** As a challenge names them. */
export const AKA_ALGORITHMS = { 1: 'AKAv1-MD5', 2: 'AKAv2-MD5' } as const;

const IS_AKA = /^akav([12])-md5$/i;

/** undefined: no AKA, or none that is known here. */
export const akaVersionOf = (algorithm: string | undefined): AkaVersion | undefined => {
  // Nearly all are absent or MD5.
  if (algorithm === undefined || algorithm.length !== AKA_ALGORITHMS[1].length) return undefined;
  const version = IS_AKA.exec(algorithm)?.[1];
  return version === undefined ? undefined : version === '1' ? 1 : 2;
};

const PART_BYTES = 16;

/** RFC 3310 §3.2. */
export const akaNonce = (rand: Buffer, autn: Buffer): string =>
  Buffer.concat([rand, autn]).toString('base64');

/** undefined: too short to hold both. What a server puts behind them is its own. */
export const readAkaNonce = (nonce: string): Readonly<{ rand: Buffer; autn: Buffer }> | undefined => {
  const bytes = Buffer.from(nonce, 'base64');
  if (bytes.length < 2 * PART_BYTES) return undefined;
  return { rand: bytes.subarray(0, PART_BYTES), autn: bytes.subarray(PART_BYTES, 2 * PART_BYTES) };
};

const prf = (key: Buffer, text: string): Buffer => createHmac('md5', key).update(text).digest();

type Keys = Readonly<{ ck: Buffer; ik: Buffer }>;

/** What takes the password's place: bytes in version 1, base64 text in version 2. */
export const akaPassword = (version: AkaVersion, res: Buffer, { ck, ik }: Keys): Buffer =>
  version === 1
    ? res
    : Buffer.from(prf(Buffer.concat([res, ik, ck]), 'http-digest-akav2-password').toString('base64'));

/** What may protect the session: in version 2 never the keys themselves (RFC 4169 §3). */
export const akaSessionKeys = (version: AkaVersion, { ck, ik }: Keys): Keys =>
  version === 1
    ? { ck, ik }
    : { ck: prf(ck, 'http-digest-akav2-cipherkey'), ik: prf(ik, 'http-digest-akav2-integritykey') };

/** HA1 of RFC 7616 §3.4.2 over a password of bytes. An empty one answers for a phone that has lost count (RFC 3310 §3.4). */
export const akaHa1 = (user: string, realm: string, password: Buffer): string =>
  hash('md5', Buffer.concat([Buffer.from(`${user}:${realm}:`), password]));
