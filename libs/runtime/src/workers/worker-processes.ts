// Workers as child processes: the same program with the same flags and another environment. A channel tells when one is ready, and
// tells the worker when this process is gone: then it ends too. Used by main.ts of programs that can be several processes.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StartRefused } from '../process.js';
import type { WorkerProcess } from './supervise.js';

const READY = 'ready';
/** What a Unix socket's name may be, with room for the file. */
const SOCKET_FOLDER_LENGTH_MAX = 90;

/** `env`: the whole environment. Signals of a terminal are for the one that starts them, which passes them on. */
export const forkWorker = (program: string, env: NodeJS.ProcessEnv): WorkerProcess => {
  const child = fork(program, [], { env, detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return {
    pid: child.pid,
    ready: new Promise((resolve) =>
      child.on('message', (message) => (message === READY ? resolve() : undefined)),
    ),
    ended: new Promise((resolve) => {
      child.once('error', () => resolve(null));
      child.once('exit', (code) => resolve(code));
    }),
    signal: (name) => void child.kill(name),
  };
};

/** In a worker: says that it serves, and ends it, as SIGTERM would, when the one that started it is gone. Elsewhere nothing. */
export const tellReady = (): void => {
  if (process.send === undefined) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.send(READY);
};

/** A folder that only this user may enter, for the sockets between workers; removed when the process ends. */
export const makeSocketFolder = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'workers-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  if (folder.length > SOCKET_FOLDER_LENGTH_MAX)
    throw new StartRefused(`TMPDIR is too long a name for sockets between workers: ${folder}`);
  return folder;
};
