// A disk that is full, slow, failing or damaged: what is refused, what is unknown, what stops the log.
import { createFakeClock, createSeededRandom, settle } from '#libs/testkit';
import { AppendRefused, RevisionConflict, type RecordedEvent } from '../../event-log.port.js';
import { MemoryDisk } from './disk/memory-disk.js';
import type { EmbeddedLog } from './embedded.event-log.js';
import { createMemoryLog, type MemoryLogOptions } from './memory.event-log.js';

const random = createSeededRandom(1);
const happened = (n: number, size = 10) => ({ type: 'Happened', data: { n, text: 'x'.repeat(size) } });

let disk: MemoryDisk;
let clock: ReturnType<typeof createFakeClock>;
let log: EmbeddedLog;

const open = async (options: Partial<MemoryLogOptions> = {}): Promise<EmbeddedLog> => {
  log = await createMemoryLog({ disk, clock, random, ...options });
  return log;
};
const reopen = async (options: Partial<MemoryLogOptions> = {}): Promise<EmbeddedLog> => {
  disk.onOperation = () => undefined;
  disk.crash(random);
  return open(options);
};
const numbers = async (): Promise<unknown[]> => {
  const all: RecordedEvent[] = [];
  for await (const recorded of log.readAll(['registration', 'provisioning'], 'oldest')) all.push(recorded);
  return all.map(({ event }) => (event.data as { n: number }).n);
};
const outcome = (append: Promise<unknown>): Promise<string> =>
  append.then(
    () => 'durable',
    (error: unknown) => (error as Error).constructor.name,
  );
const systemError = (code: string): Error => Object.assign(new Error(code), { code });
const segmentPath = '/data/log/0000000000000000.log';

beforeEach(async () => {
  disk = new MemoryDisk();
  clock = createFakeClock();
  await open();
});

describe('a full disk', () => {
  it('refuses appends, tears nothing, and goes on when there is room again', async () => {
    await log.append('registration-a', [happened(1)]);
    disk.capacityBytes = 1_000;
    expect(await outcome(log.append('registration-a', [happened(2, 2_000)]))).toBe('AppendRefused');
    expect(log.health().ok).toBe(true);
    disk.capacityBytes = Infinity;
    await log.append('registration-a', [happened(3)]);
    expect(await numbers()).toEqual([1, 3]);
    await reopen();
    expect(await numbers()).toEqual([1, 3]);
  });

  it('gives the revisions back that were counted on', async () => {
    disk.capacityBytes = 1_000;
    const first = log.append('subscriber-a', [happened(1, 2_000)], { expected: 0 });
    const second = log.append('subscriber-a', [happened(2)], { expected: 0 });
    expect(await Promise.all([outcome(first), outcome(second)])).toEqual(['AppendRefused', 'durable']);
    expect(log.revisionOf('subscriber-a')).toBe(1);
    disk.capacityBytes = Infinity;
    await log.append('subscriber-a', [happened(3)], { expected: 1 });
    expect(await numbers()).toEqual([2, 3]);
  });

  it('lets a repeat with the same key try again', async () => {
    disk.capacityBytes = 1_000;
    const options = { expected: 0, idempotencyKey: 'k' };
    expect(await outcome(log.append('subscriber-a', [happened(1, 2_000)], options))).toBe('AppendRefused');
    disk.capacityBytes = Infinity;
    expect(await log.append('subscriber-a', [happened(1)], options)).toHaveLength(1);
  });

  it('refuses while no new segment can be begun, and begins it later', async () => {
    await log.close();
    await open({ limits: { segmentBytesMax: 400 } });
    await log.append('registration-a', [happened(1)]);
    await log.append('registration-a', [happened(2)]);
    disk.onOperation = (operation) => (operation === 'open' ? systemError('EMFILE') : undefined);
    const large = log.append('registration-a', [happened(3, 200)]);
    expect(await outcome(large)).toBe('AppendRefused');
    expect(await outcome(log.append('registration-a', [happened(4)]))).toBe('AppendRefused');
    disk.onOperation = () => undefined;
    await log.append('registration-a', [happened(5)]);
    expect(await numbers()).toEqual([1, 2, 5]);
    await reopen();
    expect(await numbers()).toEqual([1, 2, 5]);
  });
});

describe('a disk that fails', () => {
  it.each(['write', 'datasync'] as const)(
    'in %s: the append is unknown and the log takes no more',
    async (failing) => {
      await log.append('registration-a', [happened(1)]);
      disk.onOperation = (operation) => (operation === failing ? systemError('EIO') : undefined);
      const inHand = outcome(log.append('registration-a', [happened(2)]));
      await Promise.resolve();
      expect(await inHand).toBe('AppendUnknown');
      disk.onOperation = () => undefined;
      expect(await outcome(log.append('registration-a', [happened(3)]))).toBe('AppendRefused');
      expect(log.health()).toMatchObject({ ok: false, reason: expect.stringContaining('EIO') as unknown });
      expect(await numbers()).toEqual([1]);
      await log.close();
      await reopen();
      expect((await numbers()).slice(0, 1)).toEqual([1]);
      await log.append('registration-a', [happened(4)]);
      expect((await numbers()).at(-1)).toBe(4);
    },
  );

  it('also when it is full and cannot even be cut back', async () => {
    disk.capacityBytes = 500;
    disk.onOperation = (operation) => (operation === 'truncate' ? systemError('EIO') : undefined);
    expect(await outcome(log.append('registration-a', [happened(1, 2_000)]))).toBe('AppendUnknown');
    expect(log.health().ok).toBe(false);
  });
});

describe('a slow disk', () => {
  /** From here on no sync ends before it is told to. */
  const stall = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    disk.onOperation = (operation) => (operation === 'datasync' ? promise : undefined);
    return resolve;
  };

  it('makes appends unknown after two seconds, which may still turn out durable', async () => {
    const release = stall();
    const early = outcome(log.append('registration-a', [happened(1)]));
    await clock.advanceAsync(1_500);
    const late = outcome(log.append('registration-a', [happened(2)]));
    await clock.advanceAsync(500);
    expect(await early).toBe('AppendUnknown');
    expect(log.health()).toEqual({ ok: false, reason: 'the disk does not answer' });
    release();
    expect(await late).toBe('durable');
    expect(log.health()).toEqual({ ok: true });
    expect(await numbers()).toEqual([1, 2]);
  });

  it('refuses what is too much to wait for it', async () => {
    await log.close();
    await open({ limits: { appendBacklogBytesMax: 1_000 } });
    const release = stall();
    const first = outcome(log.append('registration-a', [happened(1, 700)]));
    const second = outcome(log.append('registration-a', [happened(2, 700)]));
    expect(await second).toBe('AppendRefused');
    release();
    expect(await first).toBe('durable');
    await log.append('registration-a', [happened(3, 700)]);
    expect(await numbers()).toEqual([1, 3]);
  });

  it('gathers what comes while it syncs into one group', async () => {
    const groups: number[] = [];
    await log.close();
    await open({ onCommit: (events) => groups.push(events) });
    const release = stall();
    const appends = [log.append('registration-a', [happened(0)])];
    await settle();
    for (let n = 1; n <= 5; n++) appends.push(log.append('registration-a', [happened(n)]));
    release();
    await Promise.all(appends);
    expect(groups).toEqual([1, 5]);
  });

  it('makes a loser wait for the winner, and no longer than an append waits', async () => {
    const release = stall();
    const winner = outcome(log.append('subscriber-a', [happened(1)], { expected: 0 }));
    const loser = log.append('subscriber-a', [happened(2)], { expected: 0 });
    const patience = outcome(log.append('subscriber-a', [happened(3)], { expected: 0 }));
    let settledLoser = false;
    const told = loser.catch((error: unknown) => {
      settledLoser = true;
      return error;
    });
    await clock.advanceAsync(1_000);
    expect(settledLoser).toBe(false);
    release();
    expect(await winner).toBe('durable');
    expect(await told).toBeInstanceOf(RevisionConflict);
    expect(await patience).toBe('RevisionConflict');
    stall();
    const stuck = outcome(log.append('subscriber-a', [happened(4)], { expected: 1 }));
    const behind = outcome(log.append('subscriber-a', [happened(5)], { expected: 1 }));
    await clock.advanceAsync(2_000);
    expect(await Promise.all([stuck, behind])).toEqual(['AppendUnknown', 'AppendRefused']);
  });

  it('leaves a repeat with the same key to the verdict of the first', async () => {
    const release = stall();
    const options = { expected: 0, idempotencyKey: 'k' };
    const first = outcome(log.append('subscriber-a', [happened(1)], options));
    await clock.advanceAsync(2_000);
    expect(await first).toBe('AppendUnknown');
    const repeat = log.append('subscriber-a', [happened(1)], options);
    release();
    expect(await repeat).toHaveLength(1);
    expect(await numbers()).toEqual([1]);
  });

  it('does not keep the log from closing, but keeps the lock', async () => {
    stall();
    const stuck = outcome(log.append('registration-a', [happened(1)]));
    const closed = log.close();
    await clock.advanceAsync(2_000);
    await closed;
    expect(await stuck).toBe('AppendUnknown');
    await expect(createMemoryLog({ disk, clock, random })).rejects.toThrow('belongs to a running process');
  });

  it('delivers nothing that is not durable', async () => {
    const seen: RecordedEvent[] = [];
    await log.subscribe({
      topics: ['registration'],
      group: 'test',
      startAt: 'newest',
      onBatch: (events) => void seen.push(...events),
    });
    const release = stall();
    const append = log.append('registration-a', [happened(1)]);
    await settle();
    expect(seen).toEqual([]);
    release();
    await append;
    await settle();
    expect(seen).toHaveLength(1);
  });
});

describe('what a crash or a bad sector leaves', () => {
  const written = async (count: number): Promise<number> => {
    for (let n = 1; n <= count; n++) await log.append('registration-a', [happened(n)]);
    return (await disk.open(segmentPath, 'read')).size();
  };

  it('is cut off at the end, and reported', async () => {
    const size = await written(3);
    const reports: string[] = [];
    const file = await disk.open(segmentPath, 'write');
    await file.write(Buffer.from('CWLOG1 0000'), size);
    await file.datasync();
    await reopen({ report: (message) => reports.push(message) });
    expect(reports.join()).toContain(`11 bytes of an unfinished write were cut at byte ${size}`);
    await log.append('registration-a', [happened(4)]);
    expect(await numbers()).toEqual([1, 2, 3, 4]);
  });

  it('stops the start when it is in the middle, with file and byte', async () => {
    const size = await written(3);
    for (const at of [20, 120, Math.floor(size / 2), size - 300]) {
      disk.damage(segmentPath, at);
      await expect(reopen()).rejects.toThrow(/0000000000000000\.log is damaged at byte \d+/);
      disk.damage(segmentPath, at);
    }
    await reopen();
    expect(await numbers()).toEqual([1, 2, 3]);
  });

  it('is found in the last batch too when the log was closed in good order', async () => {
    const size = await written(3);
    await log.close();
    disk.damage(segmentPath, size - 5);
    // The checkpoint says that all of it was durable. It is read when somebody needs it.
    await reopen();
    await expect(numbers()).rejects.toThrow('the checksum of the batch is wrong');
    const file = await disk.open(segmentPath, 'write');
    await file.truncate(size - 5);
    await file.datasync();
    await expect(reopen()).rejects.toThrow(`it had ${size} bytes once`);
  });

  it('is found in an old segment when it is read, and when one is missing', async () => {
    await log.close();
    await open({ limits: { segmentBytesMax: 500 } });
    for (let n = 1; n <= 9; n++) await log.append('registration-a', [happened(n)]);
    await log.close();
    disk.damage(segmentPath, 130);
    await open();
    await expect(numbers()).rejects.toThrow(`${segmentPath} is damaged at byte 0`);
    disk.damage(segmentPath, 130);
    expect(await numbers()).toHaveLength(9);
    await log.close();
    await disk.remove('/data/log/checkpoint');
    const names = (await disk.list('/data/log')).filter((name) => name.endsWith('.log')).sort();
    await disk.remove(`/data/log/${names[1] ?? ''}`);
    await expect(open()).rejects.toThrow('the segment before it ends at offset');
  });

  it('does without a checkpoint, or with a spoiled one', async () => {
    await log.append('subscriber-a', [happened(1)], { expected: 0, idempotencyKey: 'k' });
    await log.close();
    disk.damage('/data/log/checkpoint', 3);
    await open();
    expect(log.revisionOf('subscriber-a')).toBe(1);
    const repeat = await log.append('subscriber-a', [happened(1)], { idempotencyKey: 'k' });
    expect(repeat.map(({ offset }) => offset)).toEqual([0]);
    await expect(log.append('subscriber-a', [happened(2)], { expected: 0 })).rejects.toThrow(
      RevisionConflict,
    );
  });
});

describe('a second owner', () => {
  it('is turned away with the pid of the first', async () => {
    await expect(createMemoryLog({ disk, clock, random })).rejects.toThrow(
      `/data belongs to a running process, pid ${process.pid}`,
    );
    await log.close();
    await open();
  });
});

describe('bounds', () => {
  it('refuse an append that is too large', async () => {
    const refusedForGood = expect.objectContaining({ isForGood: true });
    await expect(log.append('registration-a', [happened(1, 1_100_000)])).rejects.toThrow(AppendRefused);
    await expect(log.append('registration-a', [happened(1, 1_100_000)])).rejects.toEqual(refusedForGood);
    const many = Array.from({ length: 1_001 }, (_, n) => happened(n));
    await expect(log.append('registration-a', many)).rejects.toEqual(refusedForGood);
    expect(await numbers()).toEqual([]);
  });

  it('forget the oldest idempotency key', async () => {
    await log.close();
    await open({ limits: { idempotencyKeysMax: 2 } });
    for (const key of ['a', 'b', 'c'])
      await log.append('subscriber-a', [happened(1)], { idempotencyKey: key });
    await log.append('subscriber-a', [happened(1)], { idempotencyKey: 'c' });
    expect(await numbers()).toHaveLength(3);
    await log.append('subscriber-a', [happened(1)], { idempotencyKey: 'a' });
    expect(await numbers()).toHaveLength(4);
  });

  it('let a lagging subscriber read the files instead of the memory', async () => {
    await log.close();
    await open({ limits: { subscriberQueueMax: 4 } });
    const { promise, resolve } = Promise.withResolvers<void>();
    const seen: unknown[] = [];
    const subscription = await log.subscribe({
      topics: ['registration'],
      group: 'slow',
      startAt: 'newest',
      onBatch: async (events) => {
        await promise;
        for (const { event } of events) seen.push((event.data as { n: number }).n);
      },
    });
    for (let n = 1; n <= 20; n++) await log.append('registration-a', [happened(n)]);
    expect(log.lags()).toEqual([{ group: 'slow', lag: 20 }]);
    resolve();
    await subscription.caughtUp();
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(log.lags()).toEqual([{ group: 'slow', lag: 0 }]);
  });
});
