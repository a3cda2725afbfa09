// The spool: what the log does not take waits on disk, in order, over crashes, and comes into the log when it is back.
import { createSeededRandom, createFakeClock, settle } from '#libs/testkit';
import { MemoryDisk } from '../embedded/disk/memory-disk.js';
import { AppendRefused, AppendUnknown, type DomainEvent, type RecordedEvent } from '../../event-log.port.js';
import { AGAIN_MS, AppendSpool, UNWRITTEN_MAX } from './append-spool.js';

const event = (name: string): DomainEvent => ({ type: name, data: { note: 'ä'.repeat(40) } });

const world = (disk = new MemoryDisk()) => {
  const clock = createFakeClock();
  const appended: string[] = [];
  const unread: string[] = [];
  const counts = { spooled: 0, drained: 0, lost: 0 };
  const inLog: { stream: string; event: DomainEvent }[] = [];
  const state: {
    failure: ((stream: string) => Error | undefined) | undefined;
    isDeaf: boolean;
    isTaken: boolean;
    reads: number;
  } = { failure: undefined, isDeaf: false, isTaken: false, reads: 0 };
  const write = (stream: string, events: readonly DomainEvent[]): void => {
    inLog.push(...events.map((event) => ({ stream, event })));
    appended.push(`${stream} ${events.map(({ type }) => type).join(' ')}`);
  };
  let lives = 0;
  const open = (bytesMax?: number) => {
    const life = ++lives;
    return AppendSpool.open({
      log: {
        append: (stream, events) => {
          if (life !== lives) return new Promise(() => undefined);
          const failure = state.failure?.(stream);
          if (failure === undefined || state.isTaken) write(stream, events);
          return failure === undefined ? Promise.resolve([]) : Promise.reject(failure);
        },
        readAll: async function* () {
          state.reads++;
          await Promise.resolve();
          if (state.isDeaf) throw new Error('no broker');
          yield* inLog as unknown as readonly RecordedEvent[];
        },
      },
      topics: ['charging'],
      disk,
      folder: 'spool',
      clock,
      observe: {
        spooled: (events) => void (counts.spooled += events),
        drained: (events) => void (counts.drained += events),
        lost: (events) => void (counts.lost += events),
        unread: (error) => void unread.push(String(error)),
      },
      ...(bytesMax === undefined ? {} : { bytesMax }),
    });
  };
  const down = (failure: Error = new AppendRefused('down')) => void (state.failure = () => failure);
  return {
    clock,
    disk,
    appended,
    counts,
    unread,
    state,
    write,
    open,
    down,
    up: () => void (state.failure = undefined),
  };
};
const pass = async (clock: ReturnType<typeof createFakeClock>, ms = 5 * AGAIN_MS) => {
  await clock.advanceAsync(ms);
  await settle();
};

it('keeps what comes while the log is away, and gives it in the order of each stream', async () => {
  const { clock, appended, counts, open, down, up } = world();
  const spool = await open();
  expect(spool.isHolding).toBe(false);
  down();
  spool.put('a', [event('1'), event('2')]);
  spool.put('b', [event('1')]);
  await pass(clock);
  spool.put('a', [event('3')]);
  await pass(clock);
  expect([appended, spool.isHolding, counts.spooled]).toEqual([[], true, 4]);
  up();
  await pass(clock);
  expect(
    appended
      .filter((line) => line.startsWith('a'))
      .join(' ')
      .replaceAll('a ', ''),
  ).toBe('1 2 3');
  expect([appended.includes('b 1'), spool.isHolding, counts]).toEqual([true, false, { spooled: 4, drained: 4, lost: 0 }]); // prettier-ignore
});

it('gives again what was unknown, and leaves what the log refuses for its content', async () => {
  const { clock, appended, counts, state, open, down } = world();
  const spool = await open();
  down(new AppendUnknown('late'));
  spool.put('a', [event('1')]);
  await pass(clock);
  state.failure = (stream) => (stream === 'bad' ? new Error('too large') : new AppendRefused('down'));
  spool.put('bad', [event('1')]);
  spool.put('a', [event('2')]);
  await pass(clock);
  expect(spool.isHolding).toBe(true);
  state.failure = (stream) => (stream === 'bad' ? new Error('too large') : undefined);
  await pass(clock);
  expect([counts.lost, spool.isHolding]).toEqual([1, false]);
  expect(appended.join(' ').replaceAll('a ', '')).toBe('1 2');
});

it('gives a stream of which much has gathered in portions that every log takes', async () => {
  const { clock, appended, counts, state, open, down, up } = world();
  const spool = await open();
  down();
  for (let n = 0; n < 1_100; n++) spool.put('a', [event(String(n))]);
  const large = (name: string): DomainEvent => ({ type: name, data: { note: 'x'.repeat(100_000) } });
  spool.put('b', [large('1'), large('2'), large('3')]);
  await pass(clock);
  // The last thing that the log says before it takes any again is to the first portion of the second stream.
  state.failure = (stream) => (stream === 'b' ? new AppendRefused('down') : undefined);
  await pass(clock);
  up();
  await pass(clock);
  const sizes = appended.filter((line) => line.startsWith('a ')).map((line) => line.split(' ').length - 1);
  expect(sizes).toEqual([200, 200, 200, 200, 200, 100]);
  expect(appended.filter((line) => line.startsWith('a ')).join(' ').replaceAll('a ', '')).toBe(Array.from({ length: 1_100 }, (_, n) => n).join(' ')); // prettier-ignore
  expect(appended.filter((line) => line.startsWith('b '))).toEqual(['b 1 2', 'b 3']);
  expect([spool.isHolding, counts]).toEqual([false, { spooled: 1_103, drained: 1_103, lost: 0 }]);
});

it('loses and counts what is refused for its size, and lets nothing wait behind it', async () => {
  const { clock, appended, counts, state, open, down } = world();
  const spool = await open();
  down();
  spool.put('bad', [event('1')]);
  spool.put('a', [event('2')]);
  await pass(clock);
  state.failure = (stream) => (stream === 'bad' ? new AppendRefused('too large', true) : undefined);
  await pass(clock);
  expect([appended, spool.isHolding, counts]).toEqual([['a 2'], false, { spooled: 2, drained: 1, lost: 1 }]);
});

it.each(Array.from({ length: 20 }, (_, seed) => seed))('loses nothing by a power cut once it is on disk: seed %i', async (seed) => {
  const random = createSeededRandom(seed);
  const { clock, disk, appended, open, down, up } = world();
  const first = await open();
  down();
  const names = Array.from({ length: 30 }, (_, n) => String(n));
  for (const name of names) {
    first.put(`s${Number(name) % 3}`, [event(name)]);
    if (random.fraction() < 0.3) await pass(clock, AGAIN_MS);
  }
  await pass(clock);
  first.put('s0', [event('perhaps')]);
  disk.crash(random);
  up();
  const second = await open();
  await pass(clock);
  const came = appended.flatMap((line) => line.split(' ').slice(1));
  expect(new Set(came.filter((name) => name !== 'perhaps'))).toEqual(new Set(names));
  for (const stream of ['s0', 's1', 's2']) {
    const own = appended.filter((line) => line.startsWith(stream)).flatMap((line) => line.split(' ').slice(1)).filter((name) => name !== 'perhaps').map(Number);
    expect(own).toEqual(own.toSorted((a, b) => a - b));
  }
  expect(second.isHolding).toBe(false);
}); // prettier-ignore

it('what is put at the end of the process is the next life’s', async () => {
  const { clock, appended, open, down, up } = world();
  const first = await open();
  down();
  first.put('a', [event('1')]);
  await first.close();
  up();
  const second = await open();
  await pass(clock);
  expect([appended, second.isHolding]).toEqual([['a 1'], false]);
});

describe('what the log may have already', () => {
  it('is looked for where an append was unknown, and only the rest comes', async () => {
    const { clock, appended, counts, unread, state, open, down, up } = world();
    const spool = await open();
    down(new AppendUnknown('late'));
    state.isTaken = true;
    spool.put('a', [event('1'), event('2')]);
    await clock.advanceAsync(AGAIN_MS / 2);
    await settle();
    [state.isTaken, state.isDeaf] = [false, true];
    await pass(clock);
    expect([appended, spool.isHolding, unread[0]]).toEqual([['a 1 2'], true, 'Error: no broker']);
    spool.put('a', [event('3')]);
    state.isDeaf = false;
    up();
    await pass(clock);
    expect([appended, spool.isHolding, counts]).toEqual([['a 1 2', 'a 3'], false, { spooled: 3, drained: 3, lost: 0 }]); // prettier-ignore
  });

  it('is looked for where it was unknown before it was put; nothing is read for what is in no doubt', async () => {
    const { clock, appended, state, write, open } = world();
    write('a', [event('1')]);
    const spool = await open();
    spool.put('b', [event('1')]);
    await pass(clock);
    expect([appended, state.reads]).toEqual([['a 1', 'b 1'], 0]);
    spool.put('a', [event('1'), event('2')], true);
    await pass(clock);
    expect([appended, state.reads]).toEqual([['a 1', 'b 1', 'a 2'], 1]);
  });

  it('is looked for in the file that a former life was giving, not in those behind it', async () => {
    const { clock, disk, appended, state, open, up } = world();
    const first = await open();
    state.failure = (stream) => (stream === 'a' ? undefined : new AppendRefused('down'));
    first.put('a', [event('1')]);
    first.put('b', [event('1')]);
    await pass(clock);
    first.put('a', [event('2')]);
    await pass(clock);
    expect(appended).toEqual(['a 1']);
    disk.crash(createSeededRandom(1));
    up();
    const second = await open();
    await pass(clock);
    expect([appended.toSorted(), second.isHolding, state.reads]).toEqual([['a 1', 'a 2', 'b 1'], false, 1]);
  });

  it('is looked for in every file before one that is missing', async () => {
    const { clock, disk, appended, state, open, down, up } = world();
    const first = await open();
    down();
    // Each fills a file.
    for (const type of ['1', '2', '3']) {
      first.put('a', [{ type, data: { note: 'x'.repeat(1_100_000) } }]);
      await pass(clock);
    }
    // The first cannot be removed, the second is; then the machine is off.
    state.failure = () => (appended.length < 2 ? undefined : new AppendRefused('down'));
    disk.onOperation = (operation, path) => operation === 'remove' && path.endsWith('/1.spool') ? new Error('EIO') : undefined; // prettier-ignore
    await pass(clock);
    expect(appended).toEqual(['a 1', 'a 2']);
    disk.crash(createSeededRandom(1));
    disk.onOperation = () => undefined;
    up();
    await open();
    await pass(clock);
    expect([appended, state.reads]).toEqual([['a 1', 'a 2', 'a 3'], 2]);
  });
});

it('a disk that is full keeps it in memory until there is room', async () => {
  const { clock, disk, appended, counts, open, down, up } = world();
  const spool = await open();
  down();
  disk.capacityBytes = 0;
  spool.put('a', [event('1')]);
  await pass(clock);
  expect([counts, spool.isHolding]).toEqual([{ spooled: 0, drained: 0, lost: 0 }, true]);
  disk.capacityBytes = Infinity;
  up();
  await pass(clock);
  expect(appended).toEqual(['a 1']);
});

it.each(['ENOSPC', 'EIO'])('a disk that takes nothing (%s) is passed by when the log is back', async (code) => {
  const { clock, disk, appended, counts, open, down, up } = world();
  const spool = await open();
  down();
  spool.put('a', [event('1')]);
  await pass(clock);
  disk.onOperation = (operation) => (operation === 'write' ? Object.assign(new Error(code), { code }) : undefined);
  spool.put('a', [event('2')]);
  await pass(clock);
  spool.put('a', [event('3')]);
  up();
  await pass(clock);
  expect([appended.join(' ').replaceAll('a ', ''), counts.lost, spool.isHolding]).toEqual(['1 2 3', 0, false]);
}); // prettier-ignore

it('loses nothing of what is put while it drains', async () => {
  const { clock, appended, counts, open, down, up } = world();
  const spool = await open();
  down();
  spool.put('a', [event('0')]);
  await pass(clock);
  up();
  const drained = pass(clock);
  for (let n = 1; n < 200; n++) {
    spool.put('a', [event(String(n))]);
    for (let turns = n % 7; turns > 0; turns--) await Promise.resolve();
  }
  await drained;
  await pass(clock);
  const came = appended.join(' ').replaceAll('a ', '').split(' ').map(Number);
  expect(came).toEqual(Array.from({ length: 200 }, (_, n) => n));
  expect([counts.lost, spool.isHolding]).toEqual([0, false]);
});

it('has bounds, and counts what is lost there', async () => {
  const { clock, counts, open, down } = world();
  const spool = await open(500);
  down();
  for (let n = 0; n < 10; n++) {
    spool.put('a', [event(String(n))]);
    await pass(clock);
  }
  expect(counts.lost).toBeGreaterThan(5);
  const before = counts.lost;
  for (let n = 0; n <= UNWRITTEN_MAX; n++) spool.put('a', [event('x')]);
  expect(counts.lost).toBe(before + 1);
});

it('counts the files of former lives to its bound, as large as they are', async () => {
  const { clock, counts, open, down } = world();
  down();
  for (const life of [1, 2, 3]) {
    const spool = await open(500);
    for (let n = 0; n < life; n++) {
      spool.put('a', [event(String(n))]);
      await pass(clock);
    }
    await spool.close();
  }
  expect(counts).toEqual({ spooled: 3, drained: 0, lost: 3 });
});
