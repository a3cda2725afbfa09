// What was removed from the cache of HSS mode since its last snapshot: keys, one a line, on disk before a removal counts as done. After a
// crash the snapshot is read without them: who was taken back is not registered again by it. Used by cache-store.ts.
import path from 'node:path';
import type { SnapshotDisk, SnapshotFile } from '#libs/stores';

/** At the bound a snapshot is due at once; what is removed meanwhile is written all the same. */
export const REMOVED_BYTES_MAX = 16 * 1024 * 1024;

/** A line that was cut short is none: its removal did not count as done. */
const keysIn = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => {
    try {
      const key: unknown = JSON.parse(line);
      return typeof key === 'string' ? [key] : [];
    } catch {
      return [];
    }
  });

export class RemovedRows {
  private waiting = '';
  private writing: Promise<void> | undefined;
  /** One operation on the file at a time. */
  private turn: Promise<unknown> = Promise.resolve();
  /** Lines of while a snapshot is written, which may show their rows yet. */
  private meanwhile: string | undefined;

  private constructor(
    private readonly disk: SnapshotDisk,
    private readonly place: string,
    private file: SnapshotFile,
    private bytes: number,
  ) {}

  /** With the keys that were removed before a crash. */
  static async open(
    disk: SnapshotDisk,
    place: string,
  ): Promise<Readonly<{ removed: RemovedRows; keys: readonly string[] }>> {
    const file = await disk.open(place, 'write');
    const size = await file.size();
    const keys = keysIn((await file.read(0, size)).toString());
    // Behind a line that was cut short the next would be none either.
    const whole = Buffer.from(keys.map((key) => `${JSON.stringify(key)}\n`).join(''));
    await file.write(whole, 0);
    await file.truncate(whole.length);
    await disk.syncFolder(path.dirname(place));
    return { removed: new RemovedRows(disk, place, file, whole.length), keys };
  }

  get isFull(): boolean {
    return this.bytes >= REMOVED_BYTES_MAX;
  }

  /** Resolves when a loss of power does not bring it back. Those of one turn of the disk share a write. */
  add(key: string): Promise<void> {
    const line = `${JSON.stringify(key)}\n`;
    this.waiting += line;
    if (this.meanwhile !== undefined) this.meanwhile += line;
    return (this.writing ??= this.inTurn(async () => {
      this.writing = undefined;
      const bytes = Buffer.from(this.waiting);
      this.waiting = '';
      const at = this.bytes;
      this.bytes += bytes.length;
      await this.file.write(bytes, at);
      await this.file.datasync();
    }));
  }

  /** Called at the moment that a snapshot shows; `taken` says whether it came about. */
  begin(): (taken: boolean) => Promise<void> {
    this.meanwhile = '';
    return (taken) =>
      this.inTurn(async () => {
        const bytes = Buffer.from(this.meanwhile ?? '');
        this.meanwhile = undefined;
        if (taken) await this.replace(bytes);
      });
  }

  close(): Promise<void> {
    return this.inTurn(() => this.file.close());
  }

  /** The former file is there until the new one is whole. */
  private async replace(bytes: Buffer): Promise<void> {
    const draft = `${this.place}.draft`;
    const file = await this.disk.open(draft, 'write');
    await file.truncate(0);
    await file.write(bytes, 0);
    await file.datasync();
    await this.disk.rename(draft, this.place);
    await this.disk.syncFolder(path.dirname(this.place));
    await this.file.close();
    this.file = file;
    this.bytes = bytes.length;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }
}
