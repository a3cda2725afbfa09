// A log copied into a directory, on disks in memory: what is kept, what is refused, and what an interruption leaves.
import { createFakeClock, createSeededRandom, type FakeClock } from '#libs/testkit';
import { MemoryDisk } from '../adapters/embedded/disk/memory-disk.js';
import type { EmbeddedLog } from '../adapters/embedded/embedded.event-log.js';
import { createMemoryLog } from '../adapters/embedded/memory.event-log.js';
import { openEmbeddedSource, openEmbeddedTarget } from '../adapters/embedded/stored-log.js';
import { type RecordedEvent, RevisionConflict, TOPICS } from '../event-log.port.js';
import { copyLog } from './copy-log.js';
import { upTo } from './up-to.js';
import { placeInLog } from './original-position.js';
import { CopyRefused, type CopyTarget } from './stored-log.port.js';

const happened = (n: number) => ({ type: 'Happened', data: { n, 'a "b"': ['ü'] } });

const allOf = async (log: EmbeddedLog): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const recorded of log.readAll(TOPICS, 'oldest')) events.push(recorded);
  return events;
};

/** As the copy is to be: the same events, but for where they stand. */
const asWritten = (events: readonly RecordedEvent[]) => events.map(({ standsAt: _place, ...rest }) => rest);

/** A target of which some is otherwise. */
const otherwise = (target: CopyTarget, other: Partial<CopyTarget>): CopyTarget => ({
  generation: target.generation,
  writeBytesMax: target.writeBytesMax,
  total: () => target.total(),
  read: () => target.read(),
  laneOf: (event) => target.laneOf(event),
  write: (events) => target.write(events),
  finish: () => target.finish(),
  close: () => target.close(),
  ...other,
});

describe('a copy of a log', () => {
  let disk: MemoryDisk;
  let clock: FakeClock;
  let seed = 1;
  beforeEach(() => {
    disk = new MemoryDisk();
    clock = createFakeClock();
  });

  const open = (directory: string): Promise<EmbeddedLog> =>
    createMemoryLog({ directory, disk, clock, random: createSeededRandom(seed++) });
  const source = () => openEmbeddedSource({ directory: 'a', disk });
  const target = (generation = 2) =>
    openEmbeddedTarget({ directory: 'b', disk, segmentBytesMax: 2_000 }, generation);
  const copy = async (into: CopyTarget, from = source()) => {
    const opened = await from;
    try {
      return await copyLog({ source: opened, target: into, clock });
    } finally {
      await Promise.all([opened.close(), into.close()]);
    }
  };

  const filled = async (): Promise<RecordedEvent[]> => {
    const log = await open('a');
    for (let n = 0; n < 20; n++) await log.append('registration-x', [happened(n)], { correlationId: 'call' });
    await log.append('subscriber-x', [happened(1), happened(2)], { expected: 0, idempotencyKey: 'first' });
    await log.append('subscriber-x', [happened(3)], { expected: 2 });
    await expect(log.append('subscriber-x', [happened(4)], { expected: 1 })).rejects.toThrow(
      RevisionConflict,
    );
    const events = await allOf(log);
    await log.close();
    return events;
  };

  it('has the same events, with the positions that they had', async () => {
    const events = await filled();
    expect(await copy(await target())).toEqual({ events: 23, before: 0 });
    const log = await open('b');
    const copied = await allOf(log);
    expect(log.generation).toBe(2);
    expect(asWritten(copied)).toEqual(events);
    expect(copied.map((each) => placeInLog(each))).toEqual(
      copied.map((_, offset) => ({ generation: 2, partition: 0, offset })),
    );
    await log.close();
  });

  it('comes to the same verdicts, and what is appended after comes after', async () => {
    const events = await filled();
    await copy(await target());
    const log = await open('b');
    await expect(log.append('subscriber-x', [happened(9)], { expected: 2 })).rejects.toThrow(/revision 3/);
    const first = await log.append('subscriber-x', [happened(8)], { expected: 0, idempotencyKey: 'first' });
    expect(first).toHaveLength(2);
    const [position] = await log.append('subscriber-x', [happened(5)], { expected: 3 });
    expect(position).toMatchObject({ generation: 2 });
    expect(await allOf(log)).toHaveLength(events.length + 1);
    await log.close();
  });

  it('tells a subscriber where to go on, though the events say where they stood first', async () => {
    await filled();
    await copy(await target());
    const log = await open('b');
    const seen: RecordedEvent[] = [];
    const follow = (startAt: Parameters<EmbeddedLog['subscribe']>[0]['startAt']) =>
      log.subscribe({
        topics: ['provisioning'],
        group: 'view',
        startAt,
        onBatch: (events) => void seen.push(...events),
      });
    const first = await follow('oldest');
    await first.caughtUp();
    await first.stop();
    expect(first.position).toEqual({ generation: 2, partition: 0, offset: 22 });
    await log.append('subscriber-x', [happened(5)], { expected: 3 });
    const second = await follow(first.position ?? 'oldest');
    await second.caughtUp();
    expect(seen.map(({ revision }) => revision)).toEqual([1, 2, 3, 4]);
    await log.close();
  });

  it('keeps who wrote an event, where the first log says so', async () => {
    await filled();
    const from = await source();
    const read = async function* () {
      for await (const events of from.read())
        yield events.map((event) => (event.count > 1 ? { ...event, node: 'router-1' } : event));
    };
    await copy(await target(), Promise.resolve(otherwise(from as CopyTarget, { read })));
    const log = await open('b');
    const nodes = (await allOf(log)).map(({ node }) => node);
    expect(nodes.filter((node) => node === 'router-1')).toHaveLength(2);
    expect(nodes.filter((node) => node === undefined)).toHaveLength(21);
    await log.close();
  });

  it('keeps the first position over a second copy', async () => {
    const events = await filled();
    await copy(await target());
    const back = await openEmbeddedTarget({ directory: 'c', disk }, 3);
    await copy(back, openEmbeddedSource({ directory: 'b', disk }));
    const log = await open('c');
    expect(asWritten(await allOf(log))).toEqual(events);
    await log.close();
  });

  it('goes on where it was interrupted, wherever that was', async () => {
    const events = await filled();
    for (let writes = 0; writes < 4; writes++) {
      const into = await target();
      let left = writes;
      const write: CopyTarget['write'] = async (batch) => {
        if (left-- === 0) throw new CopyRefused('interrupted');
        await into.write(batch);
      };
      await expect(copy(otherwise(into, { writeBytesMax: 2_000, write }))).rejects.toThrow('interrupted');
      await expect(openEmbeddedSource({ directory: 'b', disk })).rejects.toThrow(/not whole/);
    }
    const done = await copy(await target());
    expect(done.before).toBeGreaterThan(5);
    expect(done.before).toBeLessThan(events.length);
    expect(done.events).toBe(events.length);
    const log = await open('b');
    expect(asWritten(await allOf(log))).toEqual(events);
    await log.close();
  });

  it('is of a moment: each stream ends before its first append that is later, and is written on from there', async () => {
    const log = await open('a');
    await log.append('subscriber-x', [happened(1), happened(2)], { expected: 0 });
    await log.append('registration-x', [happened(1)]);
    clock.advance(1_000);
    const untilMs = clock.nowMs();
    await log.append('registration-x', [happened(2)]);
    clock.advance(1);
    await log.append('subscriber-x', [happened(3)], { expected: 2 });
    await log.append('registration-y', [happened(1)]);
    await log.close();
    const behind = await createMemoryLog({
      directory: 'a',
      disk,
      clock: createFakeClock(untilMs - 500),
      random: createSeededRandom(seed++),
    });
    await behind.append('subscriber-x', [happened(4)], { expected: 3 });
    await behind.append('registration-z', [happened(1)]);
    const events = await allOf(behind);
    await behind.close();
    const opened = await source();
    expect(await copy(await target(), Promise.resolve(upTo(opened, untilMs)))).toEqual({
      events: 5,
      before: 0,
    });
    const restored = await open('b');
    const kept = (await allOf(restored)).map(
      ({ stream, event }) => `${stream} ${(event.data as { n: number }).n}`,
    );
    expect(kept).toEqual([
      'subscriber-x 1',
      'subscriber-x 2',
      'registration-x 1',
      'registration-x 2',
      'registration-z 1',
    ]);
    expect(events).toHaveLength(8);
    await expect(restored.append('subscriber-x', [happened(9)], { expected: 4 })).rejects.toThrow(
      /revision 2/,
    );
    await restored.append('subscriber-x', [happened(9)], { expected: 2 });
    await restored.close();
  });

  it('is refused where the target has events of its own, or is of another log, or no later generation', async () => {
    await filled();
    await copy(await target());
    const log = await open('b');
    await log.append('registration-x', [happened(1)]);
    await log.close();
    await expect(copy(await target())).rejects.toThrow(/was appended to the target/);
    const other = await open('c');
    for (let n = 0; n < 30; n++) await other.append('registration-x', [happened(n)]);
    await other.close();
    const into = () => openEmbeddedTarget({ directory: 'd', disk }, 2);
    await copy(await into());
    await expect(copy(await into(), openEmbeddedSource({ directory: 'c', disk }))).rejects.toThrow(
      /something else/,
    );
    await expect(copy(await openEmbeddedTarget({ directory: 'e', disk }, 1))).rejects.toThrow(
      /later generation/,
    );
  });

  it('is compared: an event that came out otherwise is told', async () => {
    await filled();
    const into = await target();
    const write: CopyTarget['write'] = (batch) =>
      into.write(batch.map((event, n) => (n === 7 ? { ...event, data: { n: 'other' } } : event)));
    const spoiling = otherwise(into, { write });
    await expect(copy(spoiling)).rejects.toThrow(/not what was copied/);
  });
});
