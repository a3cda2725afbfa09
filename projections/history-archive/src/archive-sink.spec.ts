// The archive under faults and kills, from a seed: whatever is lost on the way, however often events come again and in whatever batches,
// each is there once, in order, chained.
import {
  type Archive,
  type ArchivedEntry,
  createMemoryArchive,
  EntriesRefused,
  MemoryArchiveServer,
} from '#libs/archive';
import type { RecordedEvent } from '#libs/event-log';
import { PoisonEvent } from '#libs/projector';
import { createMemoryTableStore, StoreUnavailable, type TableStore } from '#libs/stores';
import { createSeededRandom, type SeededRandom } from '#libs/testkit';
import { recordedOf } from './archived-event.js';
import { ArchiveSink } from './archive-sink.js';
import { type ChainHead, signedHead, signerOf } from './signed-head.js';
import { verifyArchive } from './verify-chain.js';

const STREAMS = ['registration-a', 'registration-b', 'call-x', 'call-y', 'subscriber-1', 'charging-z'];
const TOPIC = { registration: 'registration', call: 'calls', subscriber: 'provisioning', charging: 'charging' } as const; // prettier-ignore

const eventAt = (offset: number, stream: string, text = ''): RecordedEvent => ({
  event: { type: 'Happened', data: { offset, text } },
  stream,
  position: { generation: 1, partition: 0, offset },
  id: `id-${offset}`,
  topic: TOPIC[stream.slice(0, stream.indexOf('-')) as keyof typeof TOPIC],
  timeMs: 1_000 * offset,
});
const logOf = (random: SeededRandom, count: number): RecordedEvent[] =>
  Array.from({ length: count }, (_, offset) => eventAt(offset, random.pick(STREAMS)));

const newTable = (): TableStore<ChainHead> => createMemoryTableStore<ChainHead>({ name: 'heads' });
const sinkOn = (archive: Archive, table: TableStore<ChainHead>, more: object = {}): ArchiveSink =>
  new ArchiveSink({ archive, table, versionOf: () => 1, ...more });

async function* entriesOf(all: readonly ArchivedEntry[]): AsyncGenerator<ArchivedEntry> {
  for (const entry of await Promise.resolve(all)) yield entry;
}

/** What is in the archive, as the log would tell it. */
const expectWhole = async (server: MemoryArchiveServer, log: readonly RecordedEvent[]): Promise<void> => {
  const report = await verifyArchive(entriesOf(server.all));
  expect(report).toMatchObject({ events: log.length, faults: [], faultCount: 0 });
  for (const stream of STREAMS) {
    const expected = log.filter((event) => event.stream === stream).map((event, at) => ({ ...event, revision: at + 1 }));
    expect((server.streams.get(stream) ?? []).map((entry) => recordedOf(entry, undefined))).toEqual(expected);
  }
}; // prettier-ignore

/** The process was killed: nothing after this happens. */
class Killed extends Error {}

/** An archive over a bad network, whose user may be killed at any call. Appends may arrive late: after others. */
const troubled = (server: MemoryArchiveServer, random: SeededRandom): Archive => {
  const archive = createMemoryArchive(server);
  const late: (() => void)[] = [];
  return {
    ...archive,
    async append(stream, entries, expected) {
      if (random.chance(0.2)) for (const run of late.splice(0)) run();
      const fate = random.fraction();
      if (fate < 0.05) throw new StoreUnavailable('lost request');
      if (fate < 0.08) throw new Killed();
      if (fate < 0.12) {
        late.push(() => {
          try {
            server.append(stream, entries, expected);
          } catch {
            // Nobody hears of it.
          }
        });
        throw new StoreUnavailable('late request');
      }
      await archive.append(stream, entries, expected);
      if (fate < 0.17) throw new StoreUnavailable('lost answer');
      if (fate < 0.2) throw new Killed();
    },
  };
};

/** Follows the log to its end, killed and started again on the way. */
const archiveAll = async (
  log: readonly RecordedEvent[],
  archive: Archive,
  random: SeededRandom,
): Promise<number> => {
  const table = newTable();
  let kills = 0;
  for (;;) {
    const sink = sinkOn(archive, table);
    const checkpoint = await sink.checkpoint();
    let next = (checkpoint?.offset ?? -1) + 1;
    try {
      while (next < log.length) {
        const batch = log.slice(next, next + 1 + random.integer(12));
        const position = batch.at(-1)?.position;
        await sink.apply(batch, position).catch((error: unknown) => {
          if (!(error instanceof StoreUnavailable)) throw error;
          // The same batch comes again.
          next -= batch.length;
        });
        next += batch.length;
      }
      return kills;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      kills += 1;
    }
  }
};

describe('the archive', () => {
  it('holds each event once, in order, chained, through faults and kills', async () => {
    let kills = 0;
    for (let seed = 0; seed < 30; seed++) {
      const random = createSeededRandom(`archive ${seed}`);
      const server = new MemoryArchiveServer();
      const log = logOf(random, 120);
      kills += await archiveAll(log, troubled(server, random), random);
      await expectWhole(server, log);
    }
    expect(kills).toBeGreaterThan(30);
  });

  it('is the same when two write it at once', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = createSeededRandom(`two ${seed}`);
      const server = new MemoryArchiveServer();
      const log = logOf(random, 80);
      await Promise.all(
        ['one', 'other'].map((name) => {
          const own = random.fork(name);
          return archiveAll(log, troubled(server, own), own);
        }),
      );
      await expectWhole(server, log);
    }
  });

  it('finds everything again when what it remembered is gone, and goes on with the same chains', async () => {
    const random = createSeededRandom('rebuilt');
    const server = new MemoryArchiveServer();
    const log = logOf(random, 100);
    await sinkOn(createMemoryArchive(server), newTable()).apply(log.slice(0, 60), log[59]!.position);
    const counts: number[][] = [];
    const again = sinkOn(createMemoryArchive(server), newTable(), {
      onWritten: (...count: number[]) => counts.push(count),
    });
    await again.checkpoint();
    await again.apply(log.slice(0, 50), log[49]!.position);
    await again.apply(log.slice(50), log[99]!.position);
    expect(counts).toEqual([[0, 50], [40, 10]]); // prettier-ignore
    await expectWhole(server, log);
  });

  it('goes on with the link that is there, where a newer program would make another', async () => {
    const server = new MemoryArchiveServer();
    const log = logOf(createSeededRandom('newer'), 40);
    await sinkOn(createMemoryArchive(server), newTable()).apply(log.slice(0, 20), log[19]!.position);
    const newer = new ArchiveSink({
      archive: createMemoryArchive(server),
      table: newTable(),
      versionOf: () => 2,
    });
    await newer.apply(log, log[39]!.position);
    await expectWhole(server, log);
  });

  it('finds an end that it does not know, also under way', async () => {
    const server = new MemoryArchiveServer();
    const table = newTable();
    const log = ['call-x', 'call-y', 'call-x', 'call-x'].map((stream, offset) => eventAt(offset, stream));
    await sinkOn(createMemoryArchive(server), table).apply(log.slice(0, 1), log[0]!.position);
    const sink = sinkOn(createMemoryArchive(server), table);
    await sink.checkpoint();
    for (const event of log.slice(1)) await sink.apply([event], event.position);
    await expectWhole(server, log);
  });

  it('parks what is too large before anything is chained to it', async () => {
    const server = new MemoryArchiveServer();
    const sink = sinkOn(createMemoryArchive(server), newTable());
    const large = eventAt(1, 'call-x', 'x'.repeat(900_000));
    const log = [eventAt(0, 'call-y'), large, eventAt(2, 'call-y')];
    await expect(sink.apply(log, log[2]!.position)).rejects.toThrow(PoisonEvent);
    expect(server.all).toEqual([]);
    await sink.apply([log[0]!, log[2]!], log[2]!.position);
    await expectWhole(server, [log[0]!, log[2]!]);
  });

  it('names the event that the archive refuses', async () => {
    const archive: Archive = {
      ...createMemoryArchive(),
      append: (stream) =>
        stream === 'call-x' ? Promise.reject(new EntriesRefused('gone')) : Promise.resolve(),
    };
    const sink = sinkOn(archive, newTable());
    const refused = await sink
      .apply([eventAt(0, 'call-y'), eventAt(1, 'call-x')])
      .catch((error: unknown) => error);
    expect(refused instanceof PoisonEvent && refused.recorded.id).toBe('id-1');
  });

  it('splits what is too much for one append', async () => {
    const server = new MemoryArchiveServer();
    const log = Array.from({ length: 1_200 }, (_, offset) =>
      eventAt(offset, 'call-x', 'x'.repeat(offset < 5 ? 300_000 : 1)),
    );
    await sinkOn(createMemoryArchive(server), newTable()).apply(log, log[1_199]!.position);
    await expectWhole(server, log);
  });

  it('tells of events that were gone from the log before they were archived', async () => {
    const reports: string[] = [];
    const table = newTable();
    const archive = createMemoryArchive();
    await sinkOn(archive, table).apply([eventAt(0, 'call-x')], eventAt(0, 'call-x').position);
    const sink = sinkOn(archive, table, { report: (text: string) => reports.push(text) });
    await sink.checkpoint();
    await sink.apply([eventAt(7, 'call-x')], eventAt(7, 'call-x').position);
    expect(reports).toEqual([expect.stringContaining('6 events before offset 7')]);
  });
});

describe('what was done to an archive', () => {
  const tampered = async (change: (all: ArchivedEntry[]) => void): Promise<string> => {
    const server = new MemoryArchiveServer();
    const log = logOf(createSeededRandom('tampered'), 30);
    const sink = sinkOn(createMemoryArchive(server), newTable());
    await sink.apply(log, log[29]!.position);
    const signer = signerOf(Buffer.alloc(32, 7));
    for (const head of sink.heads()) server.append(`archive-${head.place}`, [signedHead(head, 0, signer)], 'anywhere'); // prettier-ignore
    const all = structuredClone(server.all);
    change(all);
    const report = await verifyArchive(entriesOf(all));
    expect(report.heads).toBeGreaterThan(2);
    return report.faults.join('; ');
  };
  const isEvent = ({ stream }: ArchivedEntry): boolean => !stream.startsWith('archive-');

  it('is nothing: it is whole', async () => {
    expect(await tampered(() => undefined)).toBe('');
  });

  it.each<[string, (all: ArchivedEntry[]) => void, string]>([
    ['data was changed', (all) => Object.assign(all[3]!.data, { text: 'other' }), 'not what its link says'],
    ['what is said was changed', (all) => Object.assign(all[3]!.about, { time: 'x' }), 'not what its link says'],
    ['an event was taken out', (all) => all.splice(3, 1), 'hang on one that is gone'],
    ['the newest events were taken out', (all) => all.splice(all.findLastIndex(isEvent), 1), 'signed head is gone'],
    ['an event is there twice', (all) => all.push(all[3]!), 'is there twice'],
    ['a head was changed', (all) => Object.assign(all.at(-1)!.data, { count: 1 }), 'not signed by its key'],
  ])('%s: it shows', async (_what, change, fault) => {
    expect(await tampered(change)).toContain(fault);
  }); // prettier-ignore
});
