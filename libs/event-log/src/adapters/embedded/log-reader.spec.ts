// A reader beside the process that writes: sees what is there, follows what comes, trips over nothing half-written.
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import type { EmbeddedLog } from './embedded.event-log.js';
import type { RecordedEvent } from '../../event-log.port.js';
import { openLogReader } from './log-reader.js';
import type { OpenFile } from './disk/file-port.js';
import { MemoryDisk } from './disk/memory-disk.js';
import { createMemoryLog } from './memory.event-log.js';
import { LogDamaged } from './segments/segments.js';

const clock = createFakeClock();
const random = createSeededRandom(1);
const added = (n: number) => ({ type: 'Added', data: { n } });

describe('a log reader', () => {
  let disk: MemoryDisk;
  let log: EmbeddedLog;
  beforeEach(async () => {
    disk = new MemoryDisk();
    log = await createMemoryLog({ disk, clock, random, limits: { segmentBytesMax: 700 } });
  });
  afterEach(() => log.close());

  const open = () => openLogReader({ directory: '/data', disk });
  const numbers = async (events: AsyncIterable<{ event: { data: object } }>) => {
    const all: unknown[] = [];
    for await (const { event } of events) all.push((event.data as { n: number }).n);
    return all;
  };

  it('reads what the owner has written, while it goes on writing', async () => {
    for (let n = 0; n < 10; n++) await log.append(`registration-${n % 2}`, [added(n)]);
    const reader = await open();
    expect(await numbers(reader.readAll(['registration'], 'oldest'))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (let n = 10; n < 14; n++) await log.append(`registration-${n % 2}`, [added(n)]);
    expect(await numbers(reader.read('registration-1', 5))).toEqual([9, 11, 13]);
    const position = { generation: 1, partition: 0, offset: 11 };
    expect(await numbers(reader.readAll(['registration'], position))).toEqual([12, 13]);
  });

  it('reads a batch that is made text in several pieces, a line longer than a piece and one of many bytes a letter among them', async () => {
    const lengths = [10, 70_000, 40_000, 20_000, 1, 15_000, 180_000, 3];
    const events = lengths.map((length, n) => ({
      type: 'Added',
      data: { n, text: (n % 2 ? 'ü\u2028' : 'x').repeat(length) },
    }));
    await log.append('registration-1', events);
    const reader = await open();
    const read: unknown[] = [];
    for await (const { event, position } of reader.readAll(['registration'], 'oldest'))
      read.push({ event, offset: position.offset });
    expect(read).toEqual(events.map((event, offset) => ({ event, offset })));
  });

  it('reads the heads of events, and the data of those that are asked for', async () => {
    for (let n = 0; n < 20; n++) await log.append(`registration-"${n % 3}"\\`, [added(n)]);
    await log.append('call-1', [added(20)]);
    await Promise.all([log.append('registration-1', [added(21)]), log.append('call-1', [added(22)])]);
    const reader = await open();
    const heads: unknown[] = [];
    const whole: unknown[] = [];
    for await (const batch of reader.heads(['registration'], 'oldest'))
      for (const head of batch) {
        const { stream, topic, timeMs, offset, event } = { ...head, event: head.event() };
        heads.push({ stream, topic, timeMs, offset });
        whole.push(event);
        expect(head.mentions(`"n":${(event.event.data as { n: number }).n}`)).toBe(true);
        expect(head.mentions('"n":99')).toBe(false);
      }
    const expected: RecordedEvent[] = [];
    for await (const recorded of reader.readAll(['registration'], 'oldest')) expected.push(recorded);
    expect(whole).toEqual(expected);
    expect(heads).toEqual(
      expected.map(({ stream, topic, timeMs, position }) => ({
        stream,
        topic,
        timeMs,
        offset: position.offset,
      })),
    );
    expect(whole).toHaveLength(21);
  });

  it('takes a batch that is half there for the end', async () => {
    await log.append('registration-1', [added(1)]);
    disk.onOperation = (operation) => (operation === 'datasync' ? new Promise(() => undefined) : undefined);
    const stuck = log.append('registration-1', [added(2)]);
    stuck.catch(() => undefined);
    await clock.advanceAsync(1);
    const [name = ''] = (await disk.list('/data/log')).filter((each) => each.endsWith('.log'));
    const path = `/data/log/${name}`;
    const size = await (await disk.open(path, 'read')).size();
    disk.damage(path, size - 3);
    const reader = await open();
    expect(await numbers(reader.readAll(['registration'], 'oldest'))).toEqual([1]);
    disk.onOperation = () => undefined;
    disk.powerOff();
    disk.crash(random);
    log = await createMemoryLog({ disk, clock, random });
  });

  /** A log of some batches in one file, as a reader finds it whose every look at the file goes through `look`. */
  const lookedAt = async (look: (file: OpenFile) => Partial<OpenFile>) => {
    const directory = '/moving';
    const owner = await createMemoryLog({ disk, clock, random, directory, limits: { segmentBytesMax: 2_000_000 } });
    for (let n = 0; n < 6; n++) await owner.append('registration-1', [added(n)]);
    await owner.close();
    const open = async (path: string, mode: 'read' | 'write') => {
      const file = await disk.open(path, mode);
      return path.endsWith('.log') ? { ...file, ...look(file) } : file;
    };
    return openLogReader({ directory, disk: Object.create(disk, { open: { value: open } }) as MemoryDisk });
  }; // prettier-ignore

  it('ends where the file does, when its room was given back since its size was asked for', async () => {
    let reads = 0;
    const reader = await lookedAt((file) => ({
      size: async () => (await file.size()) + 5_000,
      read(at, length) {
        if ((reads += 1) > 100) throw new Error('it reads on and on');
        return file.read(at, length);
      },
    }));
    expect(await numbers(reader.readAll(['registration'], 'oldest'))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('takes no batch for damaged that was being written at each look, and is whole at the next', async () => {
    let reads = 0;
    // The first look finds the third batch half there, the second one the fourth: those behind them are whole by the time it looks for such.
    const torn = ['', '"n":2', '', '"n":3'];
    const reader = await lookedAt((file) => ({
      async read(at, length) {
        const bytes = await file.read(at, length);
        const text = torn[(reads += 1)];
        return text ? Buffer.from(bytes.toString('latin1').replace(text, '"n":?'), 'latin1') : bytes;
      },
    }));
    expect(await numbers(reader.readAll(['registration'], 'oldest'))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(reads).toBeGreaterThan(torn.length);
  });

  it.each([
    ['the newest', 2_000_000],
    ['an older', 700],
  ])('reads up to what is damaged in %s segment, and says where that is', async (_which, segmentBytesMax) => {
    const directory = '/damaged';
    const owner = await createMemoryLog({ disk, clock, random, directory, limits: { segmentBytesMax } });
    for (let n = 0; n < 10; n++) await owner.append('registration-1', [added(n)]);
    await owner.close();
    const [name = ''] = (await disk.list(`${directory}/log`)).filter((each) => each.endsWith('.log'));
    disk.damage(`${directory}/log/${name}`, 300);
    const reader = await openLogReader({ directory, disk });
    const stop = new AbortController();
    for (const events of [
      reader.read('registration-1'),
      reader.readAll(['registration'], 'oldest'),
      reader.follow(['registration'], 'oldest', { clock, signal: stop.signal }),
    ]) {
      const seen: unknown[] = [];
      const reading = (async () => {
        for await (const { event } of events) seen.push((event.data as { n: number }).n);
      })();
      await expect(reading).rejects.toThrow(new RegExp(`${name} is damaged at byte \\d+: `));
      expect(seen).toEqual([0]);
    }
    let heads = 0;
    const reading = (async () => {
      for await (const batch of reader.heads(['registration'], 'oldest')) heads += batch.length;
    })();
    await expect(reading).rejects.toBeInstanceOf(LogDamaged);
    expect(heads).toBe(1);
  });

  it('follows', async () => {
    await log.append('registration-1', [added(1)]);
    const reader = await open();
    const stop = new AbortController();
    const seen: unknown[] = [];
    const following = (async () => {
      for await (const { event } of reader.follow(['registration'], 'newest', {
        clock,
        signal: stop.signal,
      })) {
        seen.push((event.data as { n: number }).n);
      }
    })();
    await clock.advanceAsync(100);
    for (let n = 2; n < 8; n++) await log.append('registration-1', [added(n)]);
    await clock.advanceAsync(100);
    await log.append('call-1', [added(8)]);
    await log.append('registration-1', [added(9)]);
    await clock.advanceAsync(200);
    expect(seen).toEqual([2, 3, 4, 5, 6, 7, 9]);
    stop.abort();
    await following;
  });

  it('says so when there is no log', async () => {
    await expect(openLogReader({ directory: '/elsewhere', disk })).rejects.toThrow(
      'no event log in /elsewhere',
    );
  });
});
