// Files that hold secrets: mode 0600, whole and on the disk before they have their name. A crash leaves no half key, and of two
// starters one key wins. All at start-up, hence not asynchronous.
// Used for DATA_DIR/{master.key,flow-token.key,dialog.key,api-key,demo.json}.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const KEY_BYTES = 32;

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/**
 * Makes a folder that only its owner may read, and those above it that are missing. Step by step: Node's recursive mkdir never
 * returns for a folder that cannot be, below /proc for one.
 */
export const makePrivateFolder = (folder: string): void => {
  const missing: string[] = [];
  for (let at = path.resolve(folder); !existsSync(at); at = path.dirname(at)) missing.unshift(at);
  for (const one of missing)
    try {
      mkdirSync(one, { mode: 0o700 });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error; // another process was quicker
    }
};

/** The file's content, undefined when there is none. */
export const readPrivateFile = (file: string): Buffer | undefined => {
  try {
    return readFileSync(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** What is there already is left as it is. False then. */
export const makePrivateFile = (file: string, content: string | Uint8Array): boolean => {
  makePrivateFolder(path.dirname(file));
  return withDraft(file, content, (draft) => {
    try {
      linkSync(draft, file);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      return false;
    }
  });
};

/** Old content or new after a crash, never a part. */
export const replacePrivateFile = (file: string, content: string | Uint8Array): void =>
  withDraft(file, content, (draft) => renameSync(draft, file));

/**
 * 32 bytes of a key file, raw or as 64 hexadecimal digits; a new file of random bytes when there is none.
 * Throws with a message for the operator, beginning with `name`, when the file is unfit.
 */
export const loadKeyFile = (file: string, name: string): Buffer => {
  // The kernel's randomness, whatever the process runs on otherwise: a simulated key would be no key.
  if (readPrivateFile(file) === undefined) makePrivateFile(file, randomBytes(KEY_BYTES));
  const { mode } = statSync(file);
  // Group may read: that is how secrets are mounted into containers.
  if ((mode & 0o027) !== 0)
    throw new Error(`${name} ${file} is open to others (mode ${(mode & 0o777).toString(8)}): chmod 600`);
  return keyBytesIn(readFileSync(file), `${name} ${file}`);
};

/** 32 bytes as they are, or as 64 hexadecimal digits and a line's end, which an operator can paste. */
const keyBytesIn = (content: Buffer, what: string): Buffer => {
  if (content.length === KEY_BYTES) return content;
  const text = content.length <= 80 ? content.toString('latin1').trim() : '';
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  throw new Error(`${what} has ${content.length} bytes; it takes ${KEY_BYTES}, or 64 hexadecimal digits`);
};

/** Writes a draft beside the file, lets `name` give it the file's name, and makes the name durable. */
const withDraft = <T>(file: string, content: string | Uint8Array, name: (draft: string) => T): T => {
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(draft, content, { mode: 0o600, flag: 'wx', flush: true });
    const named = name(draft);
    syncFolder(path.dirname(file));
    return named;
  } finally {
    rmSync(draft, { force: true });
  }
};

const syncFolder = (folder: string): void => {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};
