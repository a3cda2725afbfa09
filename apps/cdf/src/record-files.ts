// The files of a CDF: cdr.jsonl with every request, cdr.csv likewise. What waits at one moment is written and synced together, and only
// then answered: an accounting answer says that the record is safe (RFC 6733 §9.4). At a start the known records are read back.
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type CdfRecord, csvLine, CSV_HEADER } from './cdf-record.js';

/** Records that wait for the disk. At the bound the request is refused (4002). */
export const WAITING_MAX = 10_000;

export interface RecordFiles {
  /** Resolves when the record is on disk; rejects when it is not. */
  write(record: CdfRecord): Promise<void>;
  close(): Promise<void>;
}

type Waiting = Readonly<{ record: CdfRecord; resolve: () => void; reject: (error: unknown) => void }>;

export class TooManyWaitingError extends Error {}

const appendTo = async (folder: string, name: string, first?: string): Promise<FileHandle> => {
  const file = path.join(folder, name);
  const isNew = !existsSync(file);
  const handle = await open(file, 'a+');
  if (isNew && first !== undefined) await handle.write(`${first}\n`);
  const { size } = await handle.stat();
  const last = Buffer.alloc(1);
  if (size > 0) await handle.read(last, 0, 1, size - 1);
  // A line that a crash tore stays by itself.
  if (size > 0 && last.toString() !== '\n') await handle.write('\n');
  return handle;
};

export const openRecordFiles = async (folder: string): Promise<RecordFiles> => {
  mkdirSync(folder, { recursive: true });
  const json = await appendTo(folder, 'cdr.jsonl');
  const csv = await appendTo(folder, 'cdr.csv', CSV_HEADER);
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  /** A write failed, perhaps in the middle of a line: what follows begins one of its own. */
  let isTorn = false;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const first = isTorn ? '\n' : '';
        // Appended whole or an error: `write` may write a part, as on a disk that is nearly full.
        await json.appendFile(first + batch.map(({ record }) => `${JSON.stringify(record)}\n`).join(''));
        await csv.appendFile(first + batch.map(({ record }) => `${csvLine(record)}\n`).join(''));
        await json.datasync();
        isTorn = false;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        isTorn = true;
        for (const { reject } of batch) reject(error);
      }
    }
    writing = undefined;
  };

  return {
    write: (record) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= WAITING_MAX) return reject(new TooManyWaitingError());
        waiting.push({ record, resolve, reject });
        writing ??= flush();
      }),
    async close() {
      await writing;
      await Promise.all([json.close(), csv.close()]);
    },
  };
};

/** Each record of an earlier run, oldest first; a torn last line is passed over. */
export const readRecords = async (folder: string, see: (record: CdfRecord) => void): Promise<number> => {
  const file = path.join(folder, 'cdr.jsonl');
  if (!existsSync(file)) return 0;
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    try {
      see(JSON.parse(line) as CdfRecord);
      count++;
    } catch {
      continue;
    }
  }
  return count;
};
