// The loop of every read model: checkpoints, rebuilds, poison events, a store that is away. Counters stand for views.
import { type Checkpoint, comparePositions, type Position } from '#libs/decider';
import {
  createMemoryLog,
  MemoryDisk,
  type EmbeddedLog,
  type EventLog,
  type RecordedEvent,
} from '#libs/event-log';
import { createMemoryTableStore, StoreUnavailable, type TableStore } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import fc from 'fast-check';
import { createMemoryLedger, createTableLedger, type LedgerRow } from './projection-ledger.js';
import type { Projection } from './projection.js';
import type { ProjectionSink } from './projection-sink.port.js';
import { startProjector, type Projector, type ProjectorOptions } from './projector.js';
import { createRowsSink } from './rows-sink.js';
import { createTableSink } from './table-sink.js';

type Sum = Readonly<{ sum: number; at: Position }>;

const amountOf = (recorded: RecordedEvent): number => (recorded.event.data as { amount: number }).amount;
const added = (amount: number) => ({ type: 'Added', data: { amount } });

let folds = 0;
/** Sums an account's amounts; a negative one is poison while `isMended` is false. */
let isMended = false;
const sums = (version = 1): Projection<Sum> => ({
  name: 'sums',
  version,
  topics: ['accounts'],
  keyOf: ({ stream }) => (stream.endsWith('ignored') ? undefined : stream.slice('account-'.length)),
  evolve(row, recorded) {
    folds++;
    if (amountOf(recorded) < 0 && !isMended) throw new Error('negative');
    if (row && comparePositions(recorded.position, row.at) <= 0) return row;
    return { sum: (row?.sum ?? 0) + amountOf(recorded) * version, at: recorded.position };
  },
});

const clock = createFakeClock();
const random = createSeededRandom(1);
let disk: MemoryDisk;
let log: EmbeddedLog;
let table: TableStore<Sum>;
let started: Projector[];

beforeEach(async () => {
  folds = 0;
  isMended = false;
  disk = new MemoryDisk();
  log = await createMemoryLog({ disk, clock, random });
  table = createMemoryTableStore<Sum>({ name: 'sums' });
  started = [];
});
afterEach(async () => {
  for (const projector of started) await projector.stop();
  await log.close();
});

const start = async (options: Partial<ProjectorOptions> = {}): Promise<Projector> => {
  const projection = options.projection ?? sums();
  const sink = createTableSink(projection as Projection<Sum>, table);
  const projector = await startProjector({ log, clock, sink, projection: sums(), ...options });
  started.push(projector);
  return projector;
};
const sumOf = async (key: string): Promise<number | undefined> => (await table.get(key))?.sum;

describe('a projector', () => {
  it('folds what is there and what comes, into one row an account', async () => {
    await log.append('account-a', [added(1), added(2)]);
    const projector = await start();
    await log.append('account-b', [added(10)]);
    await log.append('account-ignored', [added(10)]);
    await projector.caughtUp();
    expect([await sumOf('a'), await sumOf('b'), await sumOf('ignored')]).toEqual([3, 10, undefined]);
    expect(await table.checkpoint()).toEqual(log.head);
    expect(projector.position).toEqual(log.head);
  });

  it('keeps the checkpoint that a log with partitions gives, also where no event of a batch was for it', async () => {
    let seen: Checkpoint | undefined;
    const place = (n: number): Checkpoint => ({
      generation: 1,
      partition: 0,
      offset: n,
      cursors: { 'accounts/0': n - 1, 'accounts/1': 1 },
    });
    const partitioned: EventLog = {
      append: log.append.bind(log),
      read: log.read.bind(log),
      readAll: log.readAll.bind(log),
      close: () => Promise.resolve(),
      subscribe: async (options) => {
        if (typeof options.startAt !== 'string') seen = options.startAt;
        const from = typeof options.startAt === 'string' ? options.startAt : 'newest';
        const inner = await log.subscribe({
          ...options,
          startAt: from,
          onBatch: async (events) => {
            await options.onBatch(events, place(events.length + 5));
            await options.onBatch([], place(events.length + 8));
          },
        });
        return inner;
      },
    };
    await log.append('account-a', [added(1), added(2)]);
    const first = await start({ log: partitioned });
    await first.caughtUp();
    expect(await sumOf('a')).toBe(3);
    expect(await table.checkpoint()).toEqual(place(10));
    await first.stop();
    await start({ log: partitioned });
    expect(seen).toEqual(place(10));
  });

  it('goes on from its checkpoint', async () => {
    await log.append('account-a', [added(1)]);
    const before = await start();
    await before.caughtUp();
    await before.stop();
    await log.append('account-a', [added(2)]);
    folds = 0;
    const after = await start();
    await after.caughtUp();
    expect([await sumOf('a'), folds]).toEqual([3, 1]);
  });

  it('rebuilds when the version is raised, and only then', async () => {
    const ledger = createMemoryLedger();
    await log.append('account-a', [added(1), added(2)]);
    await (await start({ ledger })).caughtUp();
    await started[0]?.stop();
    folds = 0;
    await (await start({ ledger })).caughtUp();
    await started[1]?.stop();
    expect(folds).toBe(0);
    const raised = await start({ ledger, projection: sums(2) });
    await raised.caughtUp();
    expect(await sumOf('a')).toBe(6);
  });

  it('rebuilds when the log does not know its checkpoint', async () => {
    await table.apply([], { generation: 1, partition: 0, offset: 99 });
    await log.append('account-a', [added(1)]);
    const reports: string[] = [];
    const projector = await start({ report: (message) => reports.push(message) });
    await projector.caughtUp();
    expect(await sumOf('a')).toBe(1);
    expect(reports.join()).toContain('rebuilding');
  });

  it('tells how far behind it was', async () => {
    const behind: number[] = [];
    await log.append('account-a', [added(1)]);
    clock.advance(500);
    const projector = await start({ onProgress: ({ behindMs }) => behind.push(behindMs) });
    await projector.caughtUp();
    expect(behind).toEqual([500]);
  });
});

describe('a poison event', () => {
  const poisoned = async () => {
    await log.append('account-a', [added(1), added(-5), added(3)]);
    await log.append('account-b', [added(10)]);
    await log.append('account-a', [added(4)]);
  };

  it('is parked with what follows it in its stream, and holds up nothing else', async () => {
    await poisoned();
    const projector = await start();
    await projector.caughtUp();
    await log.append('account-a', [added(7)]);
    await log.append('account-b', [added(1)]);
    await projector.caughtUp();
    expect([await sumOf('a'), await sumOf('b')]).toEqual([1, 11]);
    const [parked] = projector.parked();
    expect(parked?.stream).toBe('account-a');
    expect(parked?.reason).toContain('negative');
    expect(parked?.positions.map(({ offset }) => offset)).toEqual([1, 2, 4, 5]);
    expect(await table.checkpoint()).toEqual(log.head);
  });

  it('stays parked over a restart, and is folded with the others once the fold is mended', async () => {
    await poisoned();
    const ledgerTable = createMemoryTableStore<LedgerRow>({ name: 'projections' });
    const before = await start({ ledger: createTableLedger('sums', ledgerTable) });
    await before.caughtUp();
    await before.stop();
    const after = await start({ ledger: createTableLedger('sums', ledgerTable) });
    await log.append('account-a', [added(7)]);
    await after.caughtUp();
    expect(after.parked()[0]?.positions).toHaveLength(4);

    expect(await after.replayParked()).toBe(4);
    expect(await sumOf('a')).toBe(1);
    isMended = true;
    expect(await after.replayParked('account-a')).toBe(0);
    expect(after.parked()).toEqual([]);
    expect(await sumOf('a')).toBe(1 - 5 + 3 + 4 + 7);
    await log.append('account-a', [added(100)]);
    await after.caughtUp();
    expect(await sumOf('a')).toBe(110);
    await after.stop();
    expect((await createTableLedger('sums', ledgerTable).load()).parked).toEqual([]);
  });

  it('is parked once, also when the process ends before the checkpoint is past it', async () => {
    await poisoned();
    const ledger = createMemoryLedger();
    const away = createTableSink(sums(), {
      ...table,
      apply: () => Promise.reject(new StoreUnavailable('away')),
    });
    const before = await start({ ledger, sink: away });
    await clock.advanceAsync(1_000);
    expect(before.parked()[0]?.positions).toHaveLength(3);
    await before.stop();
    const after = await start({ ledger });
    await after.caughtUp();
    expect(after.parked()[0]?.positions).toHaveLength(3);
    // The event before the poison was folded nowhere yet, and stands in front of it.
    expect(await sumOf('a')).toBe(1);
    expect(await sumOf('b')).toBe(10);
  });

  it('is found by a sink that cannot name it', async () => {
    await poisoned();
    const named = createTableSink(sums(), table);
    const sink: ProjectionSink = {
      ...named,
      apply: (events, checkpoint) =>
        named.apply(events, checkpoint).catch(() => Promise.reject(new Error('something in there'))),
    };
    const projector = await start({ sink });
    await projector.caughtUp();
    expect([await sumOf('a'), await sumOf('b')]).toEqual([1, 10]);
    expect(projector.parked()[0]?.positions).toHaveLength(3);
    expect(await table.checkpoint()).toEqual(log.head);
  });

  it('stops the projector when too many are parked', async () => {
    await log.append('account-a', [added(-1), added(1), added(1), added(1)]);
    const failures: unknown[] = [];
    const projector = await start({ parkedEventsMax: 3, onFailure: (error) => failures.push(error) });
    await expect(projector.caughtUp()).rejects.toThrow('parked');
    expect(failures).toHaveLength(1);
    expect(projector.failure).toBe(failures[0]);
    expect(await table.checkpoint()).toBeUndefined();
  });

  it('is one that this program is too old to read', async () => {
    await log.append('account-a', [added(1)]);
    await log.append('account-b', [added(2)]);
    await log.close();
    log = await createMemoryLog({
      disk,
      clock,
      random,
      upcast: (stream, event) => {
        if (stream === 'account-a') throw new Error('version 9');
        return event;
      },
    });
    const projector = await start();
    await projector.caughtUp();
    expect([await sumOf('a'), await sumOf('b')]).toEqual([undefined, 2]);
    expect(projector.parked()[0]?.reason).toContain('version 9');
  });
});

describe('a store that is away', () => {
  it('is waited for, and nothing is parked', async () => {
    let isAway = true;
    const sink = createTableSink(sums(), {
      ...table,
      apply: (changes, checkpoint) =>
        isAway ? Promise.reject(new StoreUnavailable('away')) : table.apply(changes, checkpoint),
    });
    const projector = await start({ sink });
    await log.append('account-a', [added(1)]);
    await clock.advanceAsync(20_000);
    expect(await sumOf('a')).toBeUndefined();
    isAway = false;
    const caughtUp = projector.caughtUp();
    await clock.advanceAsync(5_000);
    await caughtUp;
    expect(await sumOf('a')).toBe(1);
    expect(projector.parked()).toEqual([]);
  });

  it('does not keep the projector from stopping', async () => {
    const sink = createTableSink(sums(), {
      ...table,
      apply: () => Promise.reject(new StoreUnavailable('away')),
    });
    const failures: unknown[] = [];
    const projector = await start({ sink, onFailure: (error) => failures.push(error) });
    await log.append('account-a', [added(1)]);
    await clock.advanceAsync(1_000);
    await projector.stop();
    expect(failures).toEqual([]);
  });
});

describe('rows with snapshots', () => {
  const makeRows = (from: ReadonlyMap<string, Sum> = new Map()) => {
    const rows = new Map(from);
    return {
      rows,
      apply: (key: string, events: readonly RecordedEvent[]) => {
        for (const recorded of events) {
          const row = sums().evolve(rows.get(key), recorded, key);
          if (row) rows.set(key, row);
        }
        return Promise.resolve();
      },
    };
  };

  it('are folded again from the snapshot on only, and come out the same', async () => {
    let kept: { rows: ReadonlyMap<string, Sum>; position: Position } | undefined;
    const open = () => {
      const rows = makeRows(kept?.rows);
      const { position } = kept ?? {};
      const snapshots = {
        checkpoint: () => Promise.resolve(position),
        save: (at: Position) => {
          kept = { rows: new Map(rows.rows), position: at };
          return Promise.resolve();
        },
        clear: () => Promise.resolve(rows.rows.clear()),
      };
      return {
        rows,
        sink: createRowsSink({
          projection: sums(),
          rows,
          clock,
          snapshots,
          snapshotEvents: 3,
          snapshotPauseMs: 0,
        }),
      };
    };
    const first = open();
    const projector = await start({ sink: first.sink });
    for (let n = 1; n <= 5; n++) await log.append(`account-${n % 2}`, [added(n)]);
    await projector.caughtUp();
    await projector.stop();
    expect(kept?.position.offset).toBe(2);

    folds = 0;
    const second = open();
    await (await start({ sink: second.sink })).caughtUp();
    expect(folds).toBe(2);
    expect(second.rows.rows).toEqual(first.rows.rows);
    await second.sink.flush();
    expect(kept?.position).toEqual(log.head);
  });
});

describe('a view', () => {
  it('is the fold of the log, wherever it was stopped and whoever folded the same events before', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('append' as const), key: fc.nat(3), amount: fc.nat(9) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('restart' as const), key: fc.nat(3), amount: fc.nat(9) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('inline' as const), key: fc.nat(3), amount: fc.nat(9) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const own = await createMemoryLog({ clock, random });
        const view = createMemoryTableStore<Sum>({ name: 'sums' });
        const sink = createTableSink(sums(), view);
        const ledger = createMemoryLedger();
        let projector = await startProjector({ log: own, clock, sink, ledger, projection: sums() });
        const expected = new Map<string, number>();
        for (const { kind, key, amount } of steps) {
          if (kind === 'restart') {
            await projector.stop();
            projector = await startProjector({ log: own, clock, sink, ledger, projection: sums() });
            continue;
          }
          const stream = `account-${key}`;
          expected.set(String(key), (expected.get(String(key)) ?? 0) + amount);
          const [position] = await own.append(stream, [added(amount)]);
          if (kind === 'inline' && position) {
            // What a handler does before it answers. The projector must have folded what came before in that stream.
            await projector.caughtUp();
            const event = added(amount);
            await sink.apply([{ event, stream, position, id: '', topic: 'accounts', timeMs: 0 }]);
          }
        }
        await projector.caughtUp();
        for (const [key, sum] of expected) expect((await view.get(key))?.sum).toBe(sum);
        await projector.stop();
        await own.close();
      }),
      { numRuns: 100 },
    );
  });
});
