// The machine's disk for snapshots.
// Port: snapshot-disk.port.ts.
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { SnapshotDisk } from '../../snapshot-disk.port.js';

export const machineDisk: SnapshotDisk = {
  async open(path, mode) {
    // Not 'w', which would cut: truncate does that, as on any other disk.
    const handle = await open(
      path,
      mode === 'read' ? constants.O_RDONLY : constants.O_RDWR | constants.O_CREAT,
      0o600,
    );
    return {
      size: async () => (await handle.stat()).size,
      async write(bytes, at) {
        for (let done = 0; done < bytes.length;) {
          const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
          done += bytesWritten;
        }
      },
      datasync: () => handle.datasync(),
      async read(at, length) {
        const buffer = Buffer.allocUnsafe(length);
        let done = 0;
        while (done < length) {
          const { bytesRead } = await handle.read(buffer, done, length - done, at + done);
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        return buffer.subarray(0, done);
      },
      truncate: (length) => handle.truncate(length),
      close: () => handle.close(),
    };
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  async syncFolder(folder) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
