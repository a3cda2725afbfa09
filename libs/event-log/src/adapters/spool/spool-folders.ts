// Which folders of this machine hold appends that wait: a process's own, and those of processes that are no more. With WORKERS lowered nobody
// has the folders of the workers taken away, with WORKERS set at first nobody that of the one process before: the first worker has them.
// Used by open-charging-spool.ts.
import path from 'node:path';
import { errorCode, type FilePort } from '../embedded/disk/file-port.js';
import { SPOOL_FILE } from './append-spool.js';

/** As many workers as WORKERS may ever have named. */
const WORKERS_MAX = 16;
const FOLDER = 'charging-spool';

export type SpoolPlace = Readonly<{
  dataDir: string;
  /** As configured; '': in DATA_DIR. */
  spoolDir: string;
  /** Of several processes, which one this is: the last part of `dataDir` and `spoolDir` is then its own, `worker-N`. */
  worker?: Readonly<{ own: number; count: number }> | undefined;
}>;

export type SpoolFolders = Readonly<{ own: string; left: readonly string[] }>;

const holdsSpool = async (disk: Pick<FilePort, 'list'>, folder: string): Promise<boolean> => {
  try {
    return (await disk.list(folder)).some((name) => SPOOL_FILE.test(name));
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return false;
    throw error;
  }
};

/** Those that a living process may have are not asked for: of workers with a number below `count`. */
const nobodys = ({ dataDir, spoolDir, worker }: SpoolPlace): readonly string[] => {
  // Configured elsewhere since.
  const before = spoolDir === '' ? [] : [path.join(dataDir, FOLDER)];
  if (worker !== undefined && worker.own !== 0) return before;
  const rootOf = (folder: string): string => (worker === undefined ? folder : path.dirname(folder));
  const gone = Array.from({ length: WORKERS_MAX }, (_, n) => `worker-${n}`).slice(worker?.count ?? 0);
  const data = rootOf(dataDir);
  const inData = [path.join(data, FOLDER), ...gone.map((name) => path.join(data, name, FOLDER))];
  if (spoolDir === '') return inData;
  const root = rootOf(spoolDir);
  return [...before, ...inData, root, ...gone.map((name) => path.join(root, name))];
};

/** `left`: those of processes that are no more, where something waits. Rejects where a folder that is there cannot be read. */
export const spoolFolders = async (
  disk: Pick<FilePort, 'list'>,
  place: SpoolPlace,
): Promise<SpoolFolders> => {
  const own = place.spoolDir || path.join(place.dataDir, FOLDER);
  const left: string[] = [];
  for (const folder of new Set(nobodys(place)))
    if (path.resolve(folder) !== path.resolve(own) && (await holdsSpool(disk, folder))) left.push(folder);
  return { own, left };
};
