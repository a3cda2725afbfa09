// Sealing one value: AES-256-GCM (NIST SP 800-38D) with a random nonce, bound to the name under which it is stored.
// Pure but for the nonce, which arrives as data. Used by sealed-credential-store.ts.
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { MasterKey } from './master-key.js';

const CIPHER = 'aes-256-gcm';
/** 96 bits, drawn at random: one key may seal 2^32 values before a repeat becomes likely enough to matter. */
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** nonce, ciphertext, tag. `name` is authenticated with it: a sealed value moved to another name does not open. */
export const seal = (key: MasterKey, name: string, plain: string, nonce: Uint8Array): Uint8Array => {
  const cipher = createCipheriv(CIPHER, key.sealing, nonce);
  cipher.setAAD(Buffer.from(name));
  return Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
};

/** undefined when it was not sealed with this key under this name, or was changed since. */
export const unseal = (key: MasterKey, name: string, sealed: Uint8Array): string | undefined => {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const tagAt = sealed.length - TAG_BYTES;
  const opening = createDecipheriv(CIPHER, key.sealing, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  opening.setAAD(Buffer.from(name));
  opening.setAuthTag(sealed.subarray(tagAt));
  const plain = opening.update(sealed.subarray(NONCE_BYTES, tagAt));
  try {
    return Buffer.concat([plain, opening.final()]).toString('utf8');
  } catch {
    return undefined;
  }
};
