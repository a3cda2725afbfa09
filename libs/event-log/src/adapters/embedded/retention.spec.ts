// Retention takes old registrations, calls and charging out and nothing else, wherever the power goes meanwhile.
import { createFakeClock, createSeededRandom, settle } from '#libs/testkit';
import { TOPICS, type RecordedEvent, type StartAt } from '../../event-log.port.js';
import { MemoryDisk } from './disk/memory-disk.js';
import type { EmbeddedLog } from './embedded.event-log.js';
import { openLogReader } from './log-reader.js';
import { createMemoryLog } from './memory.event-log.js';

const DAY_MS = 86_400_000;
const random = createSeededRandom(1);
const STREAMS = ['registration-a', 'subscriber-1', 'call-1', 'registration-a', 'account-1', 'charging-1'];

let disk: MemoryDisk;
let clock: ReturnType<typeof createFakeClock>;
let log: EmbeddedLog;
const reports: string[] = [];

const open = () =>
  createMemoryLog({
    disk,
    clock,
    random,
    retentionMs: 7 * DAY_MS,
    limits: { segmentBytesMax: 1_500 },
    report: (message) => void reports.push(message),
  });

const all = async (from: Pick<EmbeddedLog, 'readAll'> = log, startAt: StartAt = 'oldest') => {
  const events: RecordedEvent[] = [];
  for await (const recorded of from.readAll(TOPICS, startAt)) events.push(recorded);
  return events;
};
const isKept = ({ topic }: RecordedEvent): boolean => topic === 'provisioning' || topic === 'accounts';

/** Events 0–29 eight days ago, 30–44 now. */
const aged = async (): Promise<RecordedEvent[]> => {
  disk = new MemoryDisk();
  clock = createFakeClock();
  log = await open();
  const append = async (n: number): Promise<void> => {
    const events = [{ type: 'Happened', data: { n } }];
    await log.append(STREAMS[n % STREAMS.length] ?? '', n % 7 === 0 ? [...events, ...events] : events);
  };
  for (let n = 0; n < 30; n++) await append(n);
  await clock.advanceAsync(DAY_MS);
  const before = await all();
  await log.close();
  clock.advance(7 * DAY_MS);
  log = await open();
  for (let n = 30; n < 45; n++) await append(n);
  reports.length = 0;
  return [...before, ...(await all(log, before.at(-1)?.position ?? 'oldest'))];
};

describe('retention', () => {
  it('keeps provisioning and accounts at their positions, and everything that is not old', async () => {
    const before = await aged();
    await clock.advanceAsync(2 * 3_600_000);
    const after = await all();
    const gone = before.filter((recorded) => !after.some(({ id }) => id === recorded.id));
    expect(gone.length).toBeGreaterThan(10);
    expect(gone.some(isKept)).toBe(false);
    expect(after).toEqual(before.filter(({ id }) => !gone.some((recorded) => recorded.id === id)));
    expect(reports.join()).toContain('events stay');

    const reader = await openLogReader({ directory: '/data', disk });
    expect(await all(reader)).toEqual(after);
    expect(await all(log, gone[3]?.position)).toEqual(after.filter(({ position }) => position.offset > 3));
    await log.close();
    await disk.remove('/data/log/checkpoint');
    log = await open();
    expect(await all()).toEqual(after);
    expect(log.revisionOf('subscriber-1')).toBe(
      before.filter(({ stream }) => stream === 'subscriber-1').length,
    );
    reports.length = 0;
    await clock.advanceAsync(2 * 3_600_000);
    expect(reports).toEqual([]);
    await log.close();
  });

  it('never touches the segment that the checkpoint in force names', async () => {
    const before = await aged();
    // The checkpoint is from the start of this life. Now there is no room for a new one, and the log is old.
    for (let n = 0; n < 12; n++) await log.append('registration-a', [{ type: 'Happened', data: { n } }]);
    disk.onOperation = (operation, path) =>
      path.includes('checkpoint') && operation !== 'truncate'
        ? Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
        : undefined;
    for (let n = 0; n < 40; n++) await log.append('registration-a', [{ type: 'Happened', data: { n } }]);
    clock.advance(8 * DAY_MS);
    await clock.advanceAsync(2 * 3_600_000);
    expect(reports.join()).toContain('retention failed');
    disk.onOperation = () => undefined;
    disk.crash(random);
    log = await open();
    const ids = new Set((await all()).map(({ id }) => id));
    expect(before.filter((recorded) => isKept(recorded) && !ids.has(recorded.id))).toEqual([]);
    await log.close();
  });

  it('leaves a log behind that is whole, wherever the power goes', async () => {
    let crashes = 0;
    for (let operation = 0; ; operation++) {
      const before = await aged();
      let left = operation;
      let isOff = false;
      disk.onOperation = () => {
        if (left-- > 0) return;
        isOff = true;
        disk.powerOff();
      };
      await clock.advanceAsync(3_600_000);
      await settle();
      disk.onOperation = () => undefined;
      if (!isOff) break;
      crashes++;
      disk.crash(random);
      log = await open();
      const after = await all();
      const ids = new Set(after.map(({ id }) => id));
      expect(before.filter((recorded) => isKept(recorded) && !ids.has(recorded.id))).toEqual([]);
      const position = new Map(before.map((recorded) => [recorded.id, recorded.position.offset]));
      for (const recorded of after) expect(recorded.position.offset).toBe(position.get(recorded.id));
      await log.append('registration-a', [{ type: 'Happened', data: {} }]);
      expect((await all()).at(-1)?.position.offset).toBe(before.length);
      await log.close();
    }
    expect(crashes).toBeGreaterThan(10);
    await log.close();
  });
});
