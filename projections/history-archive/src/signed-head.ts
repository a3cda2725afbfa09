// The newest link of each partition's chain, signed from time to time: who holds one can tell later that all before it is as it was.
// Ed25519, so that whoever checks needs the public key only. Stream archive-<topic>/<partition>.
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { ArchivedEntry, ArchiveEntry } from '#libs/archive';
import type { Position } from '#libs/decider';
import { uuidOf } from './archived-event.js';

export const HEAD_TYPE = 'clearwater.archive.HeadSigned.v1';

/** Where the chain of a place stands. */
export type ChainHead = Readonly<{
  place: string;
  hash: string;
  /** Events in the chain, as far as this writer has counted. */
  count: number;
  /** Of its newest event. */
  position: Position;
}>;

type SignedHead = ChainHead & Readonly<{ time: string; key: string; signature: string }>;

/** RFC 8410 §7: what stands before the 32 bytes of a private key, and before those of a public one (§4). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export type Signer = Readonly<{ key: string; sign: (text: string) => string }>;

/** `seed`: 32 secret bytes. */
export const signerOf = (seed: Buffer): Signer => {
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return {
    key: publicKey.subarray(SPKI.length).toString('base64url'),
    sign: (text) => sign(null, Buffer.from(text), secret).toString('base64url'),
  };
};

export const headStream = (place: string): string => `archive-${place}`;

const textOf = ({ place, hash, count, position, time }: Omit<SignedHead, 'key' | 'signature'>): string =>
  JSON.stringify([place, hash, count, position.generation, position.partition, position.offset, time]);

export const signedHead = (head: ChainHead, nowMs: number, { key, sign: signed }: Signer): ArchiveEntry => {
  const said = { ...head, time: new Date(nowMs).toISOString() };
  const text = textOf(said);
  return {
    id: uuidOf(`${key} ${text}`),
    type: HEAD_TYPE,
    data: { ...said, key, signature: signed(text) },
    about: { specversion: '1.0', subject: headStream(head.place) },
  };
};

const publicKeyOf = (key: string): KeyObject =>
  createPublicKey({
    key: Buffer.concat([SPKI, Buffer.from(key, 'base64url')]),
    format: 'der',
    type: 'spki',
  });

/** Undefined: the entry is no head. */
export const verifyHead = (
  entry: ArchivedEntry,
): Readonly<{ place: string; hash: string; key: string; isSigned: boolean }> | undefined => {
  if (entry.type !== HEAD_TYPE) return undefined;
  const head = entry.data as SignedHead;
  const { place, hash, key, signature } = head;
  let isSigned = false;
  try {
    isSigned = verify(null, Buffer.from(textOf(head)), publicKeyOf(key), Buffer.from(signature, 'base64url'));
  } catch {
    // What is no key, no head or no signature signs nothing.
  }
  return { place: String(place), hash: String(hash), key: String(key), isSigned };
};
