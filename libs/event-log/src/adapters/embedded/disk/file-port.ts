// The disk as a port: what the embedded log asks of a file system, and nothing more (docs/adr/0002).
// Adapters: node-disk.ts (the machine's), memory-disk.ts (forgets what was not synced when it "crashes").
// Paths are '/'-separated; folders exist before they are used.

/** A file held open. Every promise rejects with the system's error (`code` ENOSPC, EIO, …). */
export interface OpenFile {
  size(): Promise<number>;
  /** Writes all bytes at the place. On an error any part of them may have been written. */
  write(bytes: Buffer, at: number): Promise<void>;
  /** Everything written before this call survives a power cut once it resolves. After an error: nothing is known. */
  datasync(): Promise<void>;
  /**
   * write and datasync at once: what an append waits for. When it rejects with a code of NO_ROOM_CODES the bytes are not
   * durable and may stand there in part; after any other error nothing is known.
   */
  writeDurably(bytes: Buffer, at: number): Promise<void>;
  /** Up to `length` bytes from the place: fewer at the end of the file. */
  read(at: number, length: number): Promise<Buffer>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface FilePort {
  makeFolder(folder: string): Promise<void>;
  /** Names of the files in a folder, in no order. */
  list(folder: string): Promise<readonly string[]>;
  /** `write` creates the file when it is not there; its name survives a power cut only after syncFolder. */
  open(path: string, mode: 'read' | 'write'): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncFolder(folder: string): Promise<void>;
  /** Takes the exclusive lock of a path, which ends with the process; rejects with LockHeld. Resolves with its release. */
  lock(path: string): Promise<() => Promise<void>>;
}

/** Another process holds the lock. */
export class LockHeld extends Error {}

/** Another process owns the directory; the message names it. */
export class DirectoryInUse extends Error {}

/** The `code` of a system error, '' for anything else. By shape: an error may come from another realm. */
export const errorCode = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
};

/** Errors of a disk that is full, in whatever way. */
export const NO_ROOM_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

const FILE_BYTES_MAX = 1 << 30;

/** A whole file, or undefined when there is none. */
export const readWhole = async (disk: FilePort, path: string): Promise<Buffer | undefined> => {
  let file: OpenFile;
  try {
    file = await disk.open(path, 'read');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const size = await file.size();
    if (size > FILE_BYTES_MAX) throw new Error(`${path} is larger than ${FILE_BYTES_MAX} bytes`);
    return await file.read(0, size);
  } finally {
    await file.close();
  }
};

/** Replaces a file by way of a temporary one: after a crash it is the old one or the new one, whole. */
export const replaceWhole = async (disk: FilePort, folder: string, name: string, bytes: Buffer) => {
  const temporary = `${folder}/${name}.new`;
  const file = await disk.open(temporary, 'write');
  try {
    await file.truncate(0);
    await file.write(bytes, 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, `${folder}/${name}`);
  await disk.syncFolder(folder);
};
