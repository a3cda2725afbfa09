// The machine's disk and its lock, with a second process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { systemClock, systemRandom } from '#libs/runtime';
import { createEmbeddedLog } from '../embedded.event-log.js';
import { DirectoryInUse, errorCode, readWhole, replaceWhole } from './file-port.js';
import { nodeDisk } from './node-disk.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(`${tmpdir()}/node-disk-`)));
afterEach(() => rm(folder, { recursive: true }));

describe('the machine’s disk', () => {
  it('writes at places, durably or not, reads back, cuts', async () => {
    const file = await nodeDisk.open(`${folder}/a`, 'write');
    await file.write(Buffer.from('hello world'), 0);
    await file.writeDurably(Buffer.from('W'), 6);
    await file.datasync();
    expect((await file.read(0, 100)).toString()).toBe('hello World');
    expect((await file.read(6, 3)).toString()).toBe('Wor');
    await file.truncate(5);
    expect(await file.size()).toBe(5);
    await file.close();
    expect((await stat(`${folder}/a`)).mode & 0o777).toBe(0o600);
  });

  it('replaces files whole, and says ENOENT by its code', async () => {
    await replaceWhole(nodeDisk, folder, 'a', Buffer.from('a longer text'));
    await replaceWhole(nodeDisk, folder, 'a', Buffer.from('short'));
    expect((await readWhole(nodeDisk, `${folder}/a`))?.toString()).toBe('short');
    expect(await readWhole(nodeDisk, `${folder}/b`)).toBeUndefined();
    expect(await nodeDisk.list(folder)).toEqual(['a']);
    const failure = await nodeDisk.open(`${folder}/none/a`, 'write').catch((error: unknown) => error);
    expect(errorCode(failure)).toBe('ENOENT');
  });
});

describe('the lock of a directory', () => {
  const open = () =>
    createEmbeddedLog({ directory: folder, disk: nodeDisk, clock: systemClock, random: systemRandom });

  it('keeps a second log out, with the pid of the first, until that is closed', async () => {
    const first = await open();
    await expect(open()).rejects.toThrow(`pid ${process.pid}`);
    await expect(open()).rejects.toBeInstanceOf(DirectoryInUse);
    await first.close();
    await (await open()).close();
  });

  it('is held by another process until that is killed', async () => {
    const script = `
      const { DatabaseSync } = require('node:sqlite');
      new DatabaseSync(process.argv[1]).exec('BEGIN EXCLUSIVE');
      console.log('locked');
      process.stdin.resume();`;
    const child = spawn(process.execPath, ['--no-warnings', '-e', script, `${folder}/lock`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(open()).rejects.toBeInstanceOf(DirectoryInUse);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await open()).close();
  });
});
