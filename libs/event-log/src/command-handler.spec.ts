// Commands on expect and merge streams: races, repeats, refusals; a counter stands for every aggregate.
import { CommandRejected, comparePositions, type Decider, type Position, type Recorded } from '#libs/decider';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import fc from 'fast-check';
import { createMemoryLog } from './adapters/embedded/memory.event-log.js';
import { ATTEMPTS_MAX, createExpectHandler, createMergeHandler } from './command-handler.js';
import { AppendRefused, RevisionConflict, type EventLog } from './event-log.port.js';

type Added = { type: 'Added'; data: { amount: number; to: number } };
type Add = { amount: number };

const account: Decider<number, Add, Added> = {
  initialState: 0,
  decide(state, { amount }) {
    if (state + amount > 100) throw new CommandRejected('TooMuch');
    return amount === 0 ? [] : [{ type: 'Added', data: { amount, to: state + amount } }];
  },
  evolve: (state, { event }) => state + event.data.amount,
};

const openLog = () => createMemoryLog({ clock: createFakeClock(), random: createSeededRandom(1) });

const eventsOf = async (log: EventLog, stream: string): Promise<Added['data'][]> => {
  const all: Added['data'][] = [];
  for await (const { event } of log.read(stream)) all.push(event.data as Added['data']);
  return all;
};

describe('commands on expect streams', () => {
  it('decides on the state that its events follow, however many race', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(60), { maxLength: 8 }), async (amounts) => {
        const log = await openLog();
        const add = createExpectHandler({ log, decider: account });
        const results = await Promise.allSettled(amounts.map((amount) => add('account-1', { amount })));
        const events = await eventsOf(log, 'account-1');
        // Each event names the sum it was decided on: with a stale decision among them the sums would not chain.
        let sum = 0;
        for (const { amount, to } of events) expect(to).toBe((sum += amount));
        expect(sum).toBeLessThanOrEqual(100);
        const accepted = results.filter(({ status }) => status === 'fulfilled');
        expect(accepted.length).toBe(
          events.length + amounts.filter((amount, i) => amount === 0 && isOk(results[i])).length,
        );
        for (const result of results) {
          if (result.status === 'rejected') expect(isExpected(result.reason)).toBe(true);
        }
        await log.close();
      }),
      { numRuns: 60 },
    );
  });

  const isOk = (result: PromiseSettledResult<unknown> | undefined): boolean => result?.status === 'fulfilled';
  const isExpected = (reason: unknown): boolean =>
    reason instanceof CommandRejected || reason instanceof RevisionConflict;

  it('gives up after ATTEMPTS_MAX lost races', async () => {
    const log = await openLog();
    let attempts = 0;
    const add = createExpectHandler({
      log: {
        ...log,
        read: (stream) => log.read(stream),
        append: (stream, _events, { expected = 0 } = {}) => {
          attempts++;
          return Promise.reject(new RevisionConflict(stream, expected, expected + 1));
        },
      },
      decider: account,
    });
    await expect(add('account-1', { amount: 1 })).rejects.toThrow(RevisionConflict);
    expect(attempts).toBe(ATTEMPTS_MAX);
    await log.close();
  });

  it('decides on a loaded state first, and on the log once that proves stale', async () => {
    const log = await openLog();
    await log.append('account-1', [{ type: 'Added', data: { amount: 90, to: 90 } }]);
    let loads = 0;
    const add = createExpectHandler({
      log,
      decider: account,
      load: () => {
        loads++;
        return Promise.resolve({ state: 0, revision: 0 });
      },
    });
    await expect(add('account-1', { amount: 20 })).rejects.toThrow('TooMuch');
    const { state, revision } = await add('account-1', { amount: 5 });
    expect([state, revision, loads]).toEqual([95, 2, 2]);
    await log.close();
  });

  it('leaves a conflict to the caller that named a revision', async () => {
    const log = await openLog();
    const add = createExpectHandler({ log, decider: account });
    await add('account-1', { amount: 1 }, { expected: 0 });
    await expect(add('account-1', { amount: 1 }, { expected: 0 })).rejects.toThrow(RevisionConflict);
    await log.close();
  });

  it('applies what it appended to the view before it answers', async () => {
    const log = await openLog();
    const view: [number, number][] = [];
    const add = createExpectHandler({
      log,
      decider: account,
      onAppended: async (events, revision) => {
        await Promise.resolve();
        for (const { event } of events) view.push([event.data.to, revision]);
      },
    });
    await add('account-1', { amount: 3 });
    expect(view).toEqual([[3, 1]]);
    await log.close();
  });

  it('appends nothing for a repeat with the same key, even when it would now be refused', async () => {
    const log = await openLog();
    const add = createExpectHandler({ log, decider: account });
    const first = await add('account-1', { amount: 60 }, { idempotencyKey: 'k' });
    const repeat = await add('account-1', { amount: 60 }, { idempotencyKey: 'k' });
    expect(first.events).toHaveLength(1);
    expect(repeat).toEqual({ state: 60, revision: 1, events: [] });
    await log.close();
  });
});

/** A merge row: the entry with the highest position wins. */
type Row = Readonly<{ amount: number; at: Position }> | undefined;

const mergeRows = () => {
  const rows = new Map<string, Row>();
  return {
    rows,
    load: (key: string) => Promise.resolve(rows.get(key)),
    apply: (key: string, events: readonly Recorded<Added>[]): Promise<Row> => {
      for (const { event, position } of events) {
        const row = rows.get(key);
        if (!row || comparePositions(position, row.at) > 0)
          rows.set(key, { amount: event.data.amount, at: position });
      }
      return Promise.resolve(rows.get(key));
    },
  };
};

const lastWins: Pick<Decider<Row, Add, Added>, 'decide'> = {
  decide: (row, { amount }) => (row?.amount === amount ? [] : [{ type: 'Added', data: { amount, to: 0 } }]),
};

describe('commands on merge streams', () => {
  it('answers with the row that its own events are in, and any other order of applying gives the same row', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(5), { minLength: 1, maxLength: 12 }),
        fc.nat(),
        async (amounts, seed) => {
          const log = await openLog();
          const rows = mergeRows();
          const set = createMergeHandler({
            log,
            decider: lastWins,
            rows,
            streamOf: (key) => `registration-${key}`,
          });
          const answers = await Promise.all(amounts.map((amount) => set('a', { amount })));
          for (const { state, events } of answers) {
            for (const { position } of events)
              expect(state && comparePositions(state.at, position)).toBeGreaterThanOrEqual(0);
          }
          const shuffled: Recorded<Added>[] = [];
          for await (const recorded of log.read('registration-a')) {
            shuffled.push({ ...recorded, event: recorded.event as Added });
          }
          const other = mergeRows();
          const { shuffle } = createSeededRandom(seed);
          for (const recorded of shuffle([...shuffled, ...shuffled])) await other.apply('a', [recorded]);
          expect(other.rows.get('a')).toEqual(rows.rows.get('a'));
          await log.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('appends nothing when there is nothing to change, and leaves the row alone when the log refuses', async () => {
    const log = await openLog();
    const rows = mergeRows();
    const set = createMergeHandler({
      log,
      decider: lastWins,
      rows,
      streamOf: (key) => `registration-${key}`,
    });
    await set('a', { amount: 1 });
    expect((await set('a', { amount: 1 })).events).toEqual([]);
    await log.close();
    await expect(set('a', { amount: 2 })).rejects.toThrow(AppendRefused);
    expect(rows.rows.get('a')?.amount).toBe(1);
  });
});
