// A disk in memory that a test can cut the power of: only what was synced is there afterwards.
// Read by the specs of what must survive a crash.
import path from 'node:path';
import type { SnapshotDisk, SnapshotFile } from '../src/snapshot-disk.port.js';

type Content = { now: Buffer; durable: Buffer };

/** Thrown by every operation once the power is cut. */
export class PowerCut extends Error {}

export const createForgetfulDisk = () => {
  let names = new Map<string, Content>();
  let durableNames = new Map<string, Content>();
  let operationsLeft = Infinity;

  const operate = (): void => {
    operationsLeft -= 1;
    if (operationsLeft < 0) throw new PowerCut('power cut');
  };
  const open = (content: Content): SnapshotFile => ({
    size: () => Promise.resolve(content.now.length),
    async write(bytes, at) {
      await turn();
      // Half of it reaches the file when the power goes during the write.
      const torn = operationsLeft === 0 ? bytes.subarray(0, bytes.length >> 1) : bytes;
      const grown = Buffer.alloc(Math.max(content.now.length, at + torn.length));
      content.now.copy(grown);
      torn.copy(grown, at);
      content.now = grown;
      operate();
    },
    async datasync() {
      await turn();
      operate();
      content.durable = content.now;
    },
    read: (at, length) => Promise.resolve(content.now.subarray(at, at + length)),
    async truncate(length) {
      await turn();
      operate();
      content.now = content.now.subarray(0, length);
    },
    close: () => Promise.resolve(),
  });

  const disk: SnapshotDisk = {
    async open(file, mode) {
      await turn();
      if (mode === 'write') operate();
      const content =
        names.get(file) ??
        (mode === 'write' ? { now: Buffer.alloc(0), durable: Buffer.alloc(0) } : undefined);
      if (!content) throw Object.assign(new Error(`no ${file}`), { code: 'ENOENT' });
      names.set(file, content);
      return open(content);
    },
    async rename(from, to) {
      await turn();
      operate();
      const content = names.get(from);
      if (!content) throw Object.assign(new Error(`no ${from}`), { code: 'ENOENT' });
      names.delete(from);
      names.set(to, content);
    },
    async remove(file) {
      await turn();
      operate();
      names.delete(file);
    },
    async syncFolder(folder) {
      await turn();
      operate();
      const elsewhere = [...durableNames].filter(([name]) => path.dirname(name) !== folder);
      durableNames = new Map([...elsewhere, ...[...names].filter(([name]) => path.dirname(name) === folder)]);
    },
  };

  return {
    disk,
    /** Cuts the power during the operation after the next `operations` that change something. */
    cutAfter(operations: number): void {
      operationsLeft = operations;
    },
    /**
     * Power again. `kept` tells what the disk had written of its own accord: nothing that was not synced, or all
     * names and contents, as far as they had come.
     */
    restart(kept: 'synced' | 'all'): void {
      operationsLeft = Infinity;
      if (kept === 'all') return;
      names = new Map(durableNames);
      for (const content of names.values()) content.now = content.durable;
    },
    /** Changes a file behind the store's back. */
    change(file: string, edit: (bytes: Buffer) => Buffer): void {
      const content = names.get(file);
      if (content) content.now = edit(Buffer.from(content.now));
    },
    bytesOf: (file: string): Buffer | undefined => names.get(file)?.now,
    names: (): string[] => [...names.keys()],
  };
};

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
