// The index of a sealed segment leaves out segments that have nothing of a stream, and never one that has.
import { createFakeClock, createSeededRandom, settle } from '#libs/testkit';
import { readWhole } from '../disk/file-port.js';
import { MemoryDisk } from '../disk/memory-disk.js';
import { createMemoryLog } from '../memory.event-log.js';
import { listSegments } from './segments.js';
import { mayHold } from './stream-index.js';

const CALLS = 0b100000;
const PROVISIONING = 0b000100;

describe('the stream index', () => {
  const disk = new MemoryDisk();
  const clock = createFakeClock();
  const random = createSeededRandom(1);
  const open = () => createMemoryLog({ disk, clock, random, limits: { segmentBytesMax: 2_000 } });

  it('finds every stream where it is, passes over most segments without it, and is made again when lost', async () => {
    let log = await open();
    const odd = 'document-sip:"zoë\\@x"/simservs';
    for (let n = 0; n < 200; n++) {
      await log.append(n === 77 ? odd : `call-${n}`, [{ type: 'Happened', data: { n } }]);
    }
    await settle();
    const segments = (await listSegments(disk, '/data/log')).slice(0, -1);
    expect((await disk.list('/data/log')).filter((name) => name.endsWith('.streams'))).toHaveLength(
      segments.length,
    );

    let held = 0;
    for (const [index, segment] of segments.entries()) {
      const end = segments[index + 1]?.first ?? 0;
      for (let n = 0; n < 200; n++) {
        if (n === 77) continue;
        const holds = await mayHold(disk, segment, CALLS, `call-${n}`);
        if (n >= segment.first && n < end) expect(holds).toBe(true);
        if (holds) held++;
      }
      expect(await mayHold(disk, segment, PROVISIONING, odd)).toBe(segment.first <= 77 && 77 < end);
    }
    expect(held).toBeLessThan(210);

    const [first] = segments;
    if (!first) throw new Error('no segment');
    const fromMemory = await readWhole(disk, '/data/log/0000000000000000.streams');
    disk.damage('/data/log/0000000000000000.streams', 40);
    expect(await mayHold(disk, first, CALLS, 'call-199')).toBe(true);
    await disk.remove('/data/log/0000000000000000.streams');
    expect(await mayHold(disk, first, CALLS, 'call-199')).toBe(true);
    await log.close();
    log = await open();
    await settle();
    expect(await mayHold(disk, first, CALLS, 'call-199')).toBe(false);
    // Made from what was appended, then from what the file holds.
    expect(await readWhole(disk, '/data/log/0000000000000000.streams')).toEqual(fromMemory);

    // The segment that the first process left half full is sealed by the second, which does not know its beginning.
    const [half] = (await listSegments(disk, '/data/log')).slice(-1);
    if (!half) throw new Error('no segment');
    for (let n = 0; n < 20; n++) await log.append(`call-late-${n}`, [{ type: 'Happened', data: { n } }]);
    await settle();
    expect(await mayHold(disk, half, CALLS, 'call-199')).toBe(true);
    expect(await mayHold(disk, half, CALLS, 'call-late-0')).toBe(true);
    expect(await mayHold(disk, half, CALLS, 'call-late-19')).toBe(false);

    const read: unknown[] = [];
    for await (const { event } of log.read(odd)) read.push(event.data);
    for await (const { event } of log.read('call-0')) read.push(event.data);
    expect(read).toEqual([{ n: 77 }, { n: 0 }]);
    await log.close();
  });
});
