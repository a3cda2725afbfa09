// Power cuts at every moment, from seeds: nothing acknowledged or delivered is lost, nothing is torn, positions rise.
// The same checker must find the planted bugs at the end, or it proves nothing. EVENT_LOG_CRASH_RUNS sets how many runs.
import { createFakeClock, createSeededRandom, settle, type SeededRandom } from '#libs/testkit';
import type { DomainEvent, RecordedEvent } from '../../event-log.port.js';
import { AppendUnknown, TOPICS } from '../../event-log.port.js';
import { MemoryDisk } from './disk/memory-disk.js';
import type { EmbeddedLog } from './embedded.event-log.js';
import { createMemoryLog } from './memory.event-log.js';

const RUNS = Number(process.env['EVENT_LOG_CRASH_RUNS'] ?? 600);
const STREAMS = ['registration-a', 'registration-b', 'call-1', 'subscriber-1', 'identity-x', 'account-9'];
const EXPECT = /^(subscriber|identity|account)-/;

type Append = Readonly<{ stream: string; ids: readonly number[] }>;

/** What the world outside the log knows. */
type Model = {
  ids: number;
  appends: Map<number, Append>;
  /** Event id → offset it was acknowledged at. */
  acknowledged: Map<number, number>;
  /** Event ids that a subscriber was given. */
  delivered: Set<number>;
  /** Event ids of appends that were refused, for a lost race or a full disk. */
  refused: Set<number>;
  highest: number;
  faults: string[];
};

const idOf = ({ event }: RecordedEvent): number => (event.data as { id: number }).id;

/** What is wrong with a log that was opened after a crash; empty when all is well. */
const check = (events: readonly RecordedEvent[], model: Model): string[] => {
  const faults = [...model.faults];
  const offsetOf = new Map(events.map((recorded) => [idOf(recorded), recorded.position.offset]));
  for (const [id, offset] of model.acknowledged) {
    if (offsetOf.get(id) !== offset) faults.push(`acknowledged ${id}@${offset} is at ${offsetOf.get(id)}`);
  }
  for (const id of model.delivered) if (!offsetOf.has(id)) faults.push(`delivered ${id} is lost`);
  for (const id of model.refused) if (offsetOf.has(id)) faults.push(`refused ${id} is there`);
  if (offsetOf.size !== events.length) faults.push('an event is there twice');
  const revisions = new Map<string, number>();
  for (const [index, recorded] of events.entries()) {
    if (recorded.position.offset !== index)
      faults.push(`offset ${recorded.position.offset} is the ${index}th`);
    const append = model.appends.get(idOf(recorded));
    if (append?.stream !== recorded.stream)
      faults.push(`nobody appended ${idOf(recorded)} to ${recorded.stream}`);
    if (!append?.ids.every((id) => offsetOf.has(id))) faults.push(`the append of ${idOf(recorded)} is torn`);
    if (!EXPECT.test(recorded.stream)) continue;
    const revision = (revisions.get(recorded.stream) ?? 0) + 1;
    revisions.set(recorded.stream, revision);
    if (recorded.revision !== revision)
      faults.push(`${recorded.stream}: ${recorded.revision}, not ${revision}`);
  }
  return faults;
};

const readEverything = async (log: EmbeddedLog): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const recorded of log.readAll(TOPICS, 'oldest')) events.push(recorded);
  return events;
};

/** One life of a log: some appends, and the power goes at a random operation of the disk. */
const live = async (
  log: EmbeddedLog,
  disk: MemoryDisk,
  model: Model,
  random: SeededRandom,
): Promise<void> => {
  let left = random.integer(60);
  disk.onOperation = () => {
    if (left-- === 0) disk.powerOff();
  };
  await log.subscribe({
    topics: TOPICS,
    group: 'witness',
    startAt: 'newest',
    onBatch: (events) => {
      for (const recorded of events) model.delivered.add(idOf(recorded));
    },
  });
  for (let step = 0; step < 20; step++) {
    const stream = random.pick(STREAMS);
    const ids = Array.from({ length: 1 + random.integer(3) }, () => model.ids++);
    const append: Append = { stream, ids };
    for (const id of ids) model.appends.set(id, append);
    const filler = 'x'.repeat(random.integer(400));
    const events: DomainEvent[] = ids.map((id) => ({ type: 'Happened', data: { id, filler } }));
    const expected = EXPECT.test(stream) && random.chance(0.5) ? { expected: log.revisionOf(stream) } : {};
    log.append(stream, events, expected).then(
      (positions) => {
        for (const [index, { offset }] of positions.entries()) {
          if (offset <= model.highest) model.faults.push(`offset ${offset} after ${model.highest}`);
          model.highest = offset;
          model.acknowledged.set(ids[index] ?? -1, offset);
        }
      },
      // Nothing of it may ever turn up; of an unknown one it may.
      (error: unknown) => {
        if (!(error instanceof AppendUnknown)) for (const id of ids) model.refused.add(id);
      },
    );
    if (random.chance(0.6)) await settle();
    if (random.chance(0.05)) disk.capacityBytes = disk.usedBytes() + random.integer(1_500);
    else if (random.chance(0.2)) disk.capacityBytes = Infinity;
  }
  await settle();
};

type Plant = (disk: MemoryDisk) => void;

/** Faults found in one seeded history of lives and crashes. */
const run = async (seed: number, plant: Plant = () => undefined): Promise<string[]> => {
  const random = createSeededRandom(seed);
  const disk = new MemoryDisk();
  plant(disk);
  const clock = createFakeClock();
  const model: Model = {
    ids: 0,
    appends: new Map(),
    acknowledged: new Map(),
    delivered: new Set(),
    refused: new Set(),
    highest: -1,
    faults: [],
  };
  // In every other history batches are written into room made ahead of them.
  const limits =
    seed % 2 === 0
      ? { segmentBytesMax: 8_000, roomBytes: 6_000, batchBytesMax: 1_500 }
      : { segmentBytesMax: 2_500, roomBytes: 0, batchBytesMax: 1_500 };
  const open = () => createMemoryLog({ disk, clock, random, limits });
  const lives = 2 + random.integer(4);
  for (let life = 0; life < lives; life++) {
    disk.onOperation = () => undefined;
    disk.capacityBytes = Infinity;
    let log: EmbeddedLog;
    try {
      log = await open();
      const faults = check(await readEverything(log), model);
      if (faults.length > 0) return faults;
    } catch (error) {
      return [String(error)];
    }
    await live(log, disk, model, random);
    if (random.chance(0.2)) {
      // A start that is cut off itself, once or twice.
      disk.crash(random);
      let left = random.integer(12);
      disk.onOperation = () => {
        if (left-- === 0) disk.powerOff();
      };
      open().catch(() => undefined);
      await settle();
    }
    disk.crash(random);
  }
  return [];
};

describe('power cuts', () => {
  it(`lose nothing that was acknowledged, in ${RUNS} histories`, async () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const faults = await run(seed);
      if (faults.length > 0) throw new Error(`seed ${seed}: ${faults.slice(0, 5).join('; ')}`);
    }
  }, 900_000);

  const found = async (plant: Plant): Promise<number> => {
    for (let seed = 1; seed <= 200; seed++) if ((await run(seed, plant)).length > 0) return seed;
    return Infinity;
  };

  it('are noticed by this check when fdatasync does nothing', async () => {
    expect(await found((disk) => (disk.liesAboutSync = true))).toBeLessThan(20);
  });

  it('are noticed by this check when the names of new segments are not made durable', async () => {
    expect(await found((disk) => (disk.syncFolder = () => Promise.resolve()))).toBeLessThan(100);
  });
});
