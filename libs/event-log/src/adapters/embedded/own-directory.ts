// One process owns a data directory. The lock is the operating system's and ends with the process; the file `owner`
// only says whose it is, for the message to the second one.
import { DirectoryInUse, LockHeld, readWhole, replaceWhole, type FilePort } from './disk/file-port.js';

/** Takes the directory for this process; resolves with its release, rejects with DirectoryInUse. */
export const ownDirectory = async (disk: FilePort, directory: string): Promise<() => Promise<void>> => {
  try {
    const release = await disk.lock(`${directory}/lock`);
    await replaceWhole(disk, directory, 'owner', Buffer.from(`${process.pid}\n`));
    return release;
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error;
    const pid = (await readWhole(disk, `${directory}/owner`))?.toString('latin1').trim() ?? 'unknown';
    throw new DirectoryInUse(`${directory} belongs to a running process, pid ${pid}`, { cause: error });
  }
};
