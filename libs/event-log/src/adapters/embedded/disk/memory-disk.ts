// A disk in memory that keeps what was synced apart from what was only written (docs/adr/0002).
// Product code: the memory log runs on it. For tests it crashes (torn and lost writes), fills up, fails and stalls.
import type { Random } from '#libs/runtime';
import { LockHeld, type FilePort, type OpenFile } from './file-port.js';

const SECTOR_BYTES = 512;

type Undo = { at: number; before: Buffer; after: Buffer; lengthBefore: number; lengthAfter: number };

/** A name taken away, given, or both at once (a rename). */
type NameChange = { folder: string; removed?: string; given?: readonly [string, Content] };

/** A file's bytes, and how to undo each change that no sync has made durable. */
type Content = { bytes: Buffer; length: number; unsynced: Undo[] };

export type DiskOperation = 'open' | 'write' | 'datasync' | 'truncate' | 'rename' | 'remove' | 'sync-folder';

const systemError = (code: string, path: string): Error =>
  Object.assign(new Error(`${code}: ${path}`), { code });

const FOREVER = new Promise<never>(() => undefined);

export class MemoryDisk implements FilePort {
  private names = new Map<string, Content>();
  /** Names as a power cut would leave them at the least: changes since the last syncFolder may or may not be there. */
  private syncedNames = new Map<string, Content>();
  private unsyncedNames: NameChange[] = [];
  private readonly locks = new Set<string>();
  private life = 0;
  private isDown = false;

  /** Bytes that all files together may hold: beyond it a write is cut short with ENOSPC. */
  capacityBytes = Infinity;
  /** Called before each change; an error that it returns or throws fails the operation. It may call powerOff(). */
  onOperation: (operation: DiskOperation, path: string) => Error | undefined | void | Promise<void> = () =>
    undefined;
  /** When set, datasync reports success and makes nothing durable: the planted bug of the tests. */
  liesAboutSync = false;

  /** From here on nothing is carried out and nothing answered: the machine is off. */
  powerOff(): void {
    this.isDown = true;
  }

  /** Power cut and restart: a random part of what was not synced is lost, writes are torn at sectors. */
  crash(random: Random): void {
    this.life++;
    this.isDown = false;
    this.locks.clear();
    const names = new Map(this.syncedNames);
    for (const change of this.unsyncedNames.splice(0))
      if (random.fraction() < 0.5) changeNames(names, change);
    for (const content of new Set(names.values())) tear(content, random);
    this.names = names;
    this.syncedNames = new Map(names);
  }

  makeFolder(): Promise<void> {
    return Promise.resolve();
  }

  list(folder: string): Promise<readonly string[]> {
    const inFolder = [...this.names.keys()].filter((path) => folderOf(path) === folder);
    return Promise.resolve(inFolder.map((path) => path.slice(folder.length + 1)));
  }

  async open(path: string, mode: 'read' | 'write'): Promise<OpenFile> {
    let content = this.names.get(path);
    if (!content) {
      if (mode === 'read') throw systemError('ENOENT', path);
      await this.before('open', path);
      content = { bytes: Buffer.alloc(0), length: 0, unsynced: [] };
      this.changeName({ folder: folderOf(path), given: [path, content] });
    }
    return this.handle(path, content);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.before('rename', from);
    const content = this.names.get(from);
    if (!content) throw systemError('ENOENT', from);
    this.changeName({ folder: folderOf(to), removed: from, given: [to, content] });
  }

  async remove(path: string): Promise<void> {
    await this.before('remove', path);
    if (!this.names.has(path)) throw systemError('ENOENT', path);
    this.changeName({ folder: folderOf(path), removed: path });
  }

  async syncFolder(folder: string): Promise<void> {
    await this.before('sync-folder', folder);
    for (const change of this.unsyncedNames)
      if (change.folder === folder) changeNames(this.syncedNames, change);
    this.unsyncedNames = this.unsyncedNames.filter((change) => change.folder !== folder);
  }

  lock(path: string): Promise<() => Promise<void>> {
    if (this.locks.has(path)) return Promise.reject(new LockHeld(`${path} is locked`));
    this.locks.add(path);
    const life = this.life;
    return Promise.resolve(() => {
      if (life === this.life) this.locks.delete(path);
      return Promise.resolve();
    });
  }

  /** Changes a byte as a failing disk would: for tests of what is found damaged. */
  damage(path: string, at: number): void {
    const content = this.names.get(path);
    if (!content || at >= content.length) throw new Error(`nothing to damage at ${path}:${at}`);
    content.bytes[at] = (content.bytes[at] ?? 0) ^ 0x04;
  }

  private async before(operation: DiskOperation, path: string): Promise<void> {
    if (this.isDown) return FOREVER;
    const error = await this.onOperation(operation, path);
    if (this.isDown) return FOREVER;
    if (error) throw error;
  }

  private changeName(change: NameChange): void {
    changeNames(this.names, change);
    this.unsyncedNames.push(change);
  }

  /** Bytes that all files together hold. */
  usedBytes(): number {
    let used = 0;
    for (const { length } of this.names.values()) used += length;
    return used;
  }

  private handle(path: string, content: Content): OpenFile {
    const life = this.life;
    const before = (operation: DiskOperation): Promise<void> =>
      life === this.life ? this.before(operation, path) : FOREVER;
    const write = async (bytes: Buffer, at: number): Promise<void> => {
      try {
        await before('write');
      } catch (error) {
        change(content, at, bytes.subarray(0, bytes.length >> 1)); // a failed write leaves a part
        throw error;
      }
      const growth = Math.max(0, at + bytes.length - content.length);
      const room = this.capacityBytes === Infinity ? Infinity : this.capacityBytes - this.usedBytes();
      if (growth <= room) return change(content, at, bytes);
      change(content, at, bytes.subarray(0, Math.max(0, bytes.length - (growth - room))));
      throw systemError('ENOSPC', path);
    };
    const datasync = async (): Promise<void> => {
      const upTo = content.unsynced.length;
      await before('datasync');
      if (!this.liesAboutSync) content.unsynced.splice(0, upTo);
    };
    return {
      size: () => Promise.resolve(content.length),
      write,
      datasync,
      async writeDurably(bytes, at) {
        await write(bytes, at);
        await datasync();
      },
      read: (at, length) =>
        Promise.resolve(
          Buffer.from(
            content.bytes.subarray(Math.min(at, content.length), Math.min(at + length, content.length)),
          ),
        ),
      truncate: async (length) => {
        await before('truncate');
        const lengthBefore = content.length;
        content.unsynced.push({
          at: 0,
          before: Buffer.alloc(0),
          after: Buffer.alloc(0),
          lengthBefore,
          lengthAfter: length,
        });
        resize(content, length);
      },
      close: () => Promise.resolve(),
    };
  }
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const changeNames = (names: Map<string, Content>, { removed, given }: NameChange): void => {
  if (removed !== undefined) names.delete(removed);
  if (given) names.set(given[0], given[1]);
};

const resize = (content: Content, length: number): void => {
  if (length > content.bytes.length) {
    const larger = Buffer.alloc(Math.max(length, content.bytes.length * 2, 4096));
    content.bytes.copy(larger, 0, 0, content.length);
    content.bytes = larger;
  }
  if (length > content.length) content.bytes.fill(0, content.length, length);
  content.length = length;
};

const change = (content: Content, at: number, bytes: Buffer): void => {
  const lengthBefore = content.length;
  const lengthAfter = Math.max(lengthBefore, at + bytes.length);
  const before = Buffer.from(content.bytes.subarray(at, Math.min(at + bytes.length, lengthBefore)));
  resize(content, lengthAfter);
  bytes.copy(content.bytes, at);
  content.unsynced.push({ at, before, after: Buffer.from(bytes), lengthBefore, lengthAfter });
};

/** Takes back all that was not synced, then does a random part of it again. */
const tear = (content: Content, random: Random): void => {
  const unsynced = content.unsynced.splice(0);
  for (const { at, before, lengthBefore } of [...unsynced].reverse()) {
    resize(content, lengthBefore);
    before.copy(content.bytes, at);
  }
  for (const { at, after, lengthBefore, lengthAfter } of unsynced) {
    if (random.fraction() < 0.3) continue;
    if (lengthAfter < lengthBefore) resize(content, lengthAfter);
    for (let from = 0; from < after.length; from += SECTOR_BYTES) {
      if (random.fraction() < 0.3) continue;
      const sector = after.subarray(from, from + SECTOR_BYTES);
      resize(content, Math.max(content.length, at + from + sector.length));
      sector.copy(content.bytes, at + from);
    }
    // A file's length may reach the disk before its bytes: they then read as zeros.
    if (lengthAfter > content.length && random.fraction() < 0.3) resize(content, lengthAfter);
  }
};
