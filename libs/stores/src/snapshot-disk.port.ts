// The disk as far as snapshots need it. The event log's file port fits in its place.
// Adapters: adapters/embedded/machine-disk.ts; contract/forgetful-disk.ts, which loses what was not synced.

export interface SnapshotFile {
  size(): Promise<number>;
  /** Writes all bytes at the place, or rejects. */
  write(bytes: Buffer, at: number): Promise<void>;
  /** What was written survives a loss of power once it resolves. */
  datasync(): Promise<void>;
  /** Up to `length` bytes from the place: fewer at the end of the file. */
  read(at: number, length: number): Promise<Buffer>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface SnapshotDisk {
  /** `write` creates the file; `read` rejects with code ENOENT when there is none. */
  open(path: string, mode: 'read' | 'write'): Promise<SnapshotFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names made or changed in the folder survive a loss of power once it resolves. */
  syncFolder(folder: string): Promise<void>;
}
