// The event log on a disk whose bytes were changed: it opens with events that were written and nothing else, or says that it
// is damaged; what it opened with it keeps. A bad checkpoint costs time, never events. docs/adr/0002.
import {
  createEmbeddedLog,
  LogDamaged,
  MemoryDisk,
  openLogReader,
  type RecordedEvent,
} from '#libs/event-log';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { must, mustEqual, type Target } from '../target.js';

const SEGMENT = '/data/log/0000000000000000.log';
const TOPICS = ['registration', 'provisioning'] as const;

const open = (disk: MemoryDisk, seed: string) =>
  createEmbeddedLog({
    directory: '/data',
    disk,
    clock: createFakeClock(),
    random: createSeededRandom(seed),
    soon: queueMicrotask,
    limits: { gatherMs: 0 },
  });

const contents = async (disk: MemoryDisk, path: string): Promise<Buffer> => {
  const file = await disk.open(path, 'read');
  return file.read(0, await file.size());
};

const diskOf = async (files: ReadonlyMap<string, Buffer>): Promise<MemoryDisk> => {
  const disk = new MemoryDisk();
  for (const [path, bytes] of files) await (await disk.open(path, 'write')).write(bytes, 0);
  return disk;
};

const all = async (events: AsyncIterable<RecordedEvent>): Promise<string[]> => {
  const found: string[] = [];
  for await (const { id, stream, event } of events) found.push(`${id} ${stream} ${JSON.stringify(event)}`);
  return found;
};

type Written = Readonly<{ files: ReadonlyMap<string, Buffer>; events: readonly string[] }>;

/** A log as the product leaves it: several batches, streams with revisions, keys, and a checkpoint. */
const written = async (): Promise<Written> => {
  const disk = new MemoryDisk();
  const log = await open(disk, 'written');
  for (let n = 0; n < 6; n += 1) {
    await log.append(`registration-${n}`, [{ type: 'Happened', data: { n, text: 'x'.repeat(n * 9) } }]);
    await log.append('subscriber-a', [{ type: 'Named', data: { n } }], { expected: n, idempotencyKey: `k${n}` });
  }
  const events = await all(log.readAll(TOPICS, 'oldest'));
  await log.close();
  const names = await disk.list('/data/log');
  const files = new Map<string, Buffer>();
  for (const name of names) files.set(`/data/log/${name}`, await contents(disk, `/data/log/${name}`));
  return { files, events };
}; // prettier-ignore

/** The value, or undefined when the log says that it is damaged. Anything else that is thrown is a failure. */
const unlessDamaged = async <T>(what: Promise<T>): Promise<T | undefined> => {
  try {
    return await what;
  } catch (error) {
    if (error instanceof LogDamaged) return undefined;
    throw error;
  }
};

const checkLog = async (files: ReadonlyMap<string, Buffer>, known: ReadonlySet<string>): Promise<string[] | undefined> => {
  const disk = await diskOf(files);
  const reader = await openLogReader({ directory: '/data', disk });
  const seen = await unlessDamaged(all(reader.readAll(TOPICS, 'oldest')));
  for (const event of seen ?? []) must(known.has(event), 'the reader gives what was written only', event);

  const log = await unlessDamaged(open(disk, 'first'));
  if (!log) return undefined;
  const events = await unlessDamaged(all(log.readAll(TOPICS, 'oldest')));
  for (const event of events ?? []) must(known.has(event), 'the log gives what was written only', event);
  await log.append('registration-new', [{ type: 'Happened', data: {} }]);
  await log.close();
  if (!events) return undefined;
  const second = await open(disk, 'second');
  const later = await all(second.readAll(TOPICS, 'oldest'));
  await second.close();
  mustEqual('what was opened with is kept', later.slice(0, -1), events);
  return events;
}; // prettier-ignore

const TOKENS = ['CWLOG1 ', '\n', '{"id":"', '0000000000000000', '"revision":1', '}\n', '\0\0\0\0\0\0\0\0'];

export const logTargets = async (): Promise<readonly Target[]> => {
  const { files, events } = await written();
  const known = new Set(events);
  const segment = files.get(SEGMENT) ?? Buffer.alloc(0);
  const checkpointPath = [...files.keys()].find((path) => path.includes('checkpoint'));
  const log: Target = {
    name: 'log',
    seeds: [segment.toString('latin1')],
    tokens: TOKENS,
    async run(input) {
      const changed = new Map([...files].filter(([path]) => path !== checkpointPath));
      const found = await checkLog(changed.set(SEGMENT, Buffer.from(input, 'latin1')), known);
      return found ? `events ${found.length}`.replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit))) : 'damaged';
    },
  }; // prettier-ignore
  if (checkpointPath === undefined) return [log];
  const checkpoint: Target = {
    name: 'checkpoint',
    seeds: [files.get(checkpointPath)?.toString('latin1') ?? ''],
    tokens: TOKENS,
    async run(input) {
      const changed = new Map(files).set(checkpointPath, Buffer.from(input, 'latin1'));
      const found = await checkLog(changed, known);
      if (found) mustEqual('a bad checkpoint loses nothing', found, events);
      return found ? 'all' : 'damaged';
    },
  };
  return [log, checkpoint];
};
