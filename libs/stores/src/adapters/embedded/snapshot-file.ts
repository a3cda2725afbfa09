// Writing a snapshot so that a crash leaves the old or the new one, and reading one so that damage is seen.
// Used by checkpointed-key-value-store.ts.
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { SnapshotDisk, SnapshotFile } from '../../snapshot-disk.port.js';
import { FRAME_HEAD_BYTES, type Frame, frameHeadIn, frameOf, SnapshotDamaged } from './snapshot-frames.js';

/** Writes the frames to a file beside, makes it durable, then gives it the name. Resolves with its size. */
export const replaceFile = async (
  disk: SnapshotDisk,
  file: string,
  frames: AsyncIterable<Buffer>,
): Promise<number> => {
  const draft = `${file}.new`;
  try {
    const bytes = await writeDraft(await disk.open(draft, 'write'), frames);
    await disk.rename(draft, file);
    await disk.syncFolder(path.dirname(file));
    return bytes;
  } catch (error) {
    // The former snapshot stays; should the draft stay too, the next one begins by cutting it.
    await disk.remove(draft).catch(() => undefined);
    throw error;
  }
};

const writeDraft = async (draft: SnapshotFile, frames: AsyncIterable<Buffer>): Promise<number> => {
  try {
    await draft.truncate(0);
    let end = 0;
    for await (const frame of frames) {
      await draft.write(frame, end);
      end += frame.length;
    }
    await draft.datasync();
    return end;
  } finally {
    await draft.close();
  }
};

/** The file's frames, each checked; throws SnapshotDamaged. */
export async function* framesIn(file: SnapshotFile): AsyncGenerator<Frame> {
  const size = await file.size();
  let at = 0;
  let head = await file.read(0, FRAME_HEAD_BYTES);
  while (at < size) {
    const frame = frameHeadIn(head);
    if (!frame) throw new SnapshotDamaged(`no frame at byte ${at}`);
    // The next frame's head comes with this frame's payload: one read a frame.
    const read = await file.read(at + FRAME_HEAD_BYTES, frame.length + FRAME_HEAD_BYTES);
    const payload = read.subarray(0, frame.length);
    if (payload.length < frame.length || crc32(payload) !== frame.crc) {
      throw new SnapshotDamaged(`the frame at byte ${at} is torn or changed`);
    }
    yield frameOf(payload);
    head = read.subarray(frame.length);
    at += FRAME_HEAD_BYTES + frame.length;
  }
}
