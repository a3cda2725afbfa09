// Folders of processes that are no more: with something in them they are the first process's, and of nobody that lives.
import { spoolFolders, type SpoolPlace } from './spool-folders.js';

const diskWith = (...folders: readonly string[]) => ({
  list(folder: string): Promise<readonly string[]> {
    if (folders.includes(folder)) return Promise.resolve(['7.spool']);
    if (folder.endsWith('worker-1')) return Promise.resolve(['log', 'charging-spool']);
    return Promise.reject(Object.assign(new Error('no such folder'), { code: 'ENOENT' }));
  },
});

const ALL = ['/d/charging-spool', ...[0, 1, 2, 3].map((n) => `/d/worker-${n}/charging-spool`)];
const worker = (own: number, count: number): SpoolPlace => ({
  dataDir: `/d/worker-${own}`,
  spoolDir: '',
  worker: { own, count },
});

it('of workers taken away are the first worker’s, and so is that of the one process before', async () => {
  expect(await spoolFolders(diskWith(...ALL), worker(0, 2))).toEqual({
    own: '/d/worker-0/charging-spool',
    left: ['/d/charging-spool', '/d/worker-2/charging-spool', '/d/worker-3/charging-spool'],
  });
  expect((await spoolFolders(diskWith(...ALL), worker(1, 2))).left).toEqual([]);
});

it('of all workers are the one process’s, where something waits', async () => {
  const place = { dataDir: '/d', spoolDir: '' };
  expect((await spoolFolders(diskWith(...ALL), place)).left).toEqual(ALL.slice(1));
  expect((await spoolFolders(diskWith('/d/charging-spool'), place)).left).toEqual([]);
});

it('are found in the folder that is configured, and where they were before it was', async () => {
  const disk = diskWith('/s', '/s/worker-0', '/s/worker-1', '/s/worker-5', '/d/worker-0/charging-spool');
  const place = { ...worker(0, 2), spoolDir: '/s/worker-0' };
  expect(await spoolFolders(disk, place)).toEqual({
    own: '/s/worker-0',
    left: ['/d/worker-0/charging-spool', '/s', '/s/worker-5'],
  });
});

it('that cannot be read stop the start: facts in them would be forgotten', async () => {
  const list = () => Promise.reject(Object.assign(new Error('not allowed'), { code: 'EACCES' }));
  await expect(spoolFolders({ list }, worker(0, 1))).rejects.toThrow('not allowed');
});
