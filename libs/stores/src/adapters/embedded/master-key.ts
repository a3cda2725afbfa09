// The key that seals credentials: a file of 32 random bytes, made at first start, mode 0600.
// Read at start; sealed-credential-store.ts is its only user. Back the file up with DATA_DIR, or apart from it.
import { hkdfSync } from 'node:crypto';
import { loadKeyFile } from '#libs/runtime';

export type MasterKey = Readonly<{
  /** Tells keys apart and tells nothing about them; stored with every sealed value, so that keys can be changed. */
  id: string;
  /** AES-256 key derived from the file's bytes. */
  sealing: Buffer;
}>;

/** The file's key; a new file when there is none. Throws with a message for the operator when it is unfit. */
export const loadMasterKey = (file: string): MasterKey => masterKeyOf(loadKeyFile(file, 'MASTER_KEY_FILE'));

/** From bytes held elsewhere: a secret manager, a test. */
export const masterKeyOf = (bytes: Uint8Array): MasterKey => {
  const derive = (purpose: string, length: number) =>
    Buffer.from(hkdfSync('sha256', bytes, '', `clearwater credential store ${purpose}`, length));
  return { id: derive('key id', 8).toString('hex'), sealing: derive('sealing key', 32) };
};
