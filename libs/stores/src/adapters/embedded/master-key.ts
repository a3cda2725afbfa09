// The key that seals credentials: a file of 32 random bytes, made at first start, mode 0600.
// Read at start; sealed-credential-store.ts is its only user. Back the file up with DATA_DIR, or apart from it.
import { hkdfSync, randomBytes } from 'node:crypto';
import { link, open, readFile, stat, unlink } from 'node:fs/promises';
import path from 'node:path';

const MASTER_KEY_BYTES = 32;

export type MasterKey = Readonly<{
  /** Tells keys apart and tells nothing about them; stored with every sealed value, so that keys can be changed. */
  id: string;
  /** AES-256 key derived from the file's bytes. */
  sealing: Buffer;
}>;

/** The file's key; a new file when there is none. Rejects with a message for the operator when it is unfit. */
export const loadMasterKey = async (file: string): Promise<MasterKey> => {
  try {
    return await readMasterKey(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  await createKeyFile(file);
  return readMasterKey(file);
};

/** From bytes held elsewhere: a secret manager, a test. */
export const masterKeyOf = (bytes: Uint8Array): MasterKey => {
  const derive = (purpose: string, length: number) =>
    Buffer.from(hkdfSync('sha256', bytes, '', `clearwater credential store ${purpose}`, length));
  return { id: derive('key id', 8).toString('hex'), sealing: derive('sealing key', 32) };
};

const readMasterKey = async (file: string): Promise<MasterKey> => {
  const { mode } = await stat(file);
  // Group may read: that is how secrets are mounted into containers.
  if ((mode & 0o027) !== 0) {
    throw new Error(
      `MASTER_KEY_FILE ${file} is open to others (mode ${(mode & 0o777).toString(8)}): chmod 600`,
    );
  }
  return masterKeyOf(keyBytesIn(await readFile(file), file));
};

/** 32 bytes as they are, or as 64 hexadecimal digits and a line's end, which an operator can paste. */
const keyBytesIn = (content: Buffer, file: string): Buffer => {
  if (content.length === MASTER_KEY_BYTES) return content;
  const text = content.length <= 80 ? content.toString('latin1').trim() : '';
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  throw new Error(
    `MASTER_KEY_FILE ${file} has ${content.length} bytes; it takes ${MASTER_KEY_BYTES}, or 64 hexadecimal digits`,
  );
};

/** Whole and on the disk before it has its name: a crash leaves no half key, and of two starters one key wins. */
const createKeyFile = async (file: string): Promise<void> => {
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    // The kernel's randomness, whatever the process runs on otherwise: a simulated key would be no key.
    await handle.writeFile(randomBytes(MASTER_KEY_BYTES));
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  await syncFolder(path.dirname(file));
};

/** Makes a new name in the folder survive a loss of power. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
