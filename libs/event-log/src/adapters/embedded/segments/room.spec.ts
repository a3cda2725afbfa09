// Room ahead of the end of the log: made, used, given back, found after a crash, and done without where the disk has none.
import { createFakeClock, createSeededRandom, settle } from '#libs/testkit';
import { MemoryDisk } from '../disk/memory-disk.js';
import type { EmbeddedLog } from '../embedded.event-log.js';
import { openLogReader } from '../log-reader.js';
import { createMemoryLog } from '../memory.event-log.js';

const ROOM_BYTES = 8_000;
const random = createSeededRandom(1);
const clock = createFakeClock();
const happened = (n: number) => ({ type: 'Happened', data: { n } });
const segmentPath = '/data/log/0000000000000000.log';

let disk: MemoryDisk;
let reports: string[];

const open = (limits = {}): Promise<EmbeddedLog> =>
  createMemoryLog({
    disk,
    clock,
    random,
    limits: { roomBytes: ROOM_BYTES, ...limits },
    report: (line) => void reports.push(line),
  });
const append = async (log: EmbeddedLog, from: number, count: number): Promise<void> => {
  for (let n = from; n < from + count; n++) await log.append('call-a', [happened(n)]);
  await settle();
};
const numbers = async (log: Pick<EmbeddedLog, 'readAll'>): Promise<unknown[]> => {
  const found: unknown[] = [];
  for await (const { event } of log.readAll(['calls'], 'oldest')) found.push((event.data as { n: number }).n);
  return found;
};
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const bytesOf = async (path = segmentPath): Promise<Buffer> => {
  const file = await disk.open(path, 'read');
  return file.read(0, await file.size());
};
/** After the last batch: a header is 84 bytes, a line ends in a line feed. */
const endOfBatches = (bytes: Buffer): number => bytes.lastIndexOf('\n') + 1;

beforeEach(() => {
  disk = new MemoryDisk();
  reports = [];
});

it('is made once a log has written a little, and batches go into it', async () => {
  const log = await open();
  await append(log, 0, 3);
  expect(await bytesOf()).toHaveLength(endOfBatches(await bytesOf()));
  await append(log, 3, 12);
  const before = await bytesOf();
  expect(before.length).toBeGreaterThan(endOfBatches(before) + ROOM_BYTES / 2);
  await append(log, 15, 1);
  const after = await bytesOf();
  expect(after).toHaveLength(before.length);
  expect(endOfBatches(after)).toBeGreaterThan(endOfBatches(before));
});

it('is made anew before it is used up', async () => {
  const log = await open();
  await append(log, 0, 200);
  const bytes = await bytesOf();
  expect(bytes.length - endOfBatches(bytes)).toBeGreaterThanOrEqual(ROOM_BYTES / 2 - 300);
  expect(await numbers(log)).toEqual(upTo(200));
});

it('is no torn write to the next start after a crash', async () => {
  await append(await open(), 0, 20);
  disk.crash(random);
  const log = await open();
  expect(await numbers(log)).toEqual(upTo(20));
  expect(reports).toEqual([]);
  expect(await bytesOf()).toHaveLength(endOfBatches(await bytesOf()));
});

it('does not hide what was torn before it', async () => {
  await append(await open(), 0, 20);
  const end = endOfBatches(await bytesOf());
  const file = await disk.open(segmentPath, 'write');
  await file.write(Buffer.from('CWLOG1 0000'), end);
  await file.datasync();
  disk.crash(random);
  const log = await open();
  expect(await numbers(log)).toEqual(upTo(20));
  expect(reports.join()).toContain(`11 bytes of an unfinished write were cut at byte ${end}`);
});

it('is told apart from zeros that took the place of events', async () => {
  await append(await open(), 0, 20);
  const bytes = await bytesOf();
  const batch = bytes.indexOf('CWLOG1', 1_000);
  const file = await disk.open(segmentPath, 'write');
  await file.write(Buffer.alloc(200), batch);
  await file.datasync();
  disk.crash(random);
  await expect(open()).rejects.toThrow(`is damaged at byte ${batch}`);
});

it('is the end of the log to a reader of another process, who then sees what is written into it', async () => {
  const log = await open();
  await append(log, 0, 20);
  const reader = await openLogReader({ directory: '/data', disk });
  expect(await numbers(reader)).toEqual(upTo(20));
  await append(log, 20, 5);
  expect(await numbers(reader)).toEqual(upTo(25));
});

it('is given back when a segment is sealed and when the log is closed', async () => {
  const log = await open({ segmentBytesMax: 5_000 });
  await append(log, 0, 60);
  await log.close();
  const names = (await disk.list('/data/log')).filter((name) => name.endsWith('.log'));
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) {
    const bytes = await bytesOf(`/data/log/${name}`);
    expect(bytes).toHaveLength(endOfBatches(bytes));
  }
  expect(await numbers(await open())).toEqual(upTo(60));
  expect(reports).toEqual([]);
});

it('is done without on a disk that has none, and a batch that finds none is refused as before', async () => {
  const log = await open();
  await append(log, 0, 5);
  disk.capacityBytes = 4_000;
  await append(log, 5, 6);
  expect(await numbers(log)).toEqual(upTo(11));
  await expect(append(log, 11, 20)).rejects.toThrow('the disk is full');
  disk.capacityBytes = Infinity;
  await append(log, 100, 1);
  expect((await numbers(log)).at(-1)).toBe(100);
});

it('keeps a batch waiting while its zeros are on their way, so that they do not land on it', async () => {
  const log = await open();
  let writes = 0;
  let zerosGo = (): void => undefined;
  // Of one append the first write is the batch, a second one the zeros behind it.
  disk.onOperation = (operation, path) =>
    operation === 'write' && path === segmentPath && ++writes === 2
      ? new Promise<void>((resolve) => (zerosGo = resolve))
      : undefined;
  let n = 0;
  for (; writes < 2; n++) {
    writes = 0;
    await append(log, n, 1);
  }
  let isDurable = false;
  const next = log.append('call-a', [happened(n)]).then(() => (isDurable = true));
  await settle();
  expect(isDurable).toBe(false);
  zerosGo();
  await next;
  disk.crash(random);
  expect(await numbers(await open())).toEqual(upTo(n + 1));
});
