// What every event log must do. Called by the spec of each adapter with a way to make, restart and drop one.
import type { Checkpoint, Position } from '#libs/decider';
import {
  RevisionConflict,
  type DomainEvent,
  type EventLog,
  type RecordedEvent,
  type StartAt,
  type Topic,
} from '../src/event-log.port.js';

/** A log under test. `restart` closes it and opens it again on what it left behind. */
export type LogUnderTest = Readonly<{
  log: EventLog;
  restart: () => Promise<EventLog>;
  end: () => Promise<void>;
  /** Where the log keeps no order between streams (it has partitions), events of several streams are compared as sets. */
  isOrderedByStreamOnly?: boolean;
}>;

const happened = (n: number): DomainEvent => ({ type: 'Happened', data: { n, text: 'Zoë "quoted"\n🙂' } });
const numbers = (events: readonly RecordedEvent[]): unknown[] =>
  events.map(({ event }) => (event.data as { n: number }).n);

const collect = async (events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> => {
  const all: RecordedEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

const offsets = (positions: readonly Position[]): number[] => positions.map(({ offset }) => offset);

export const describeEventLog = (name: string, make: () => Promise<LogUnderTest>): void => {
  describe(`event log: ${name}`, () => {
    let under: LogUnderTest;
    let log: EventLog;
    beforeEach(async () => {
      under = await make();
      log = under.log;
    });
    afterEach(() => under.end());

    const follow = async (topics: readonly Topic[], startAt: StartAt = 'oldest') => {
      const seen: RecordedEvent[] = [];
      const subscription = await log.subscribe({
        topics,
        group: 'test',
        startAt,
        onBatch: (events) => void seen.push(...events),
      });
      return { seen, subscription };
    };

    /** The numbers of events of several streams: in order, as far as the log keeps one. */
    const ordered = (events: readonly RecordedEvent[]): unknown[] =>
      under.isOrderedByStreamOnly === true
        ? numbers(events).sort((a, b) => Number(a) - Number(b))
        : numbers(events);

    /** Where a reader of the topics stands once it has read all that is there. */
    const placeAfterAll = async (topics: readonly Topic[]): Promise<Checkpoint> => {
      const { subscription } = await follow(topics);
      await subscription.caughtUp();
      await subscription.stop();
      if (!subscription.position) throw new Error('no position');
      return subscription.position;
    };

    describeAppend();
    describeExpected();
    describeSubscribe();

    function describeAppend(): void {
      it('returns rising positions and reads a stream back in order, with revisions', async () => {
        const first = await log.append('registration-a', [happened(1), happened(2)]);
        await log.append('registration-b', [happened(10)]);
        const last = await log.append('registration-a', [happened(3)]);
        const all = offsets([...first, ...last]);
        expect(all).toHaveLength(3);
        expect(all).toEqual([...all].sort((a, b) => a - b));
        const read = await collect(log.read('registration-a'));
        expect(numbers(read)).toEqual([1, 2, 3]);
        expect(read.map(({ revision }) => revision)).toEqual([1, 2, 3]);
        expect(read.map(({ position }) => position)).toEqual([...first, ...last]);
        expect(read[0]?.event).toEqual(happened(1));
        expect(numbers(await collect(log.read('registration-a', 3)))).toEqual([3]);
      });

      it('keeps what an append says about itself', async () => {
        await log.append('call-x', [happened(1)], { correlationId: 'c "1"', causationId: 'd' });
        const [event] = await collect(log.read('call-x'));
        expect(event).toMatchObject({
          stream: 'call-x',
          topic: 'calls',
          correlationId: 'c "1"',
          causationId: 'd',
        });
        expect(event?.id).toMatch(/.+/);
        expect(typeof event?.timeMs).toBe('number');
      });

      it('reads nothing of a stream that has no events', async () => {
        expect(await collect(log.read('registration-nobody'))).toEqual([]);
      });

      it('refuses a stream of no topic', async () => {
        await expect(log.append('nonsense-1', [happened(1)])).rejects.toThrow();
        await expect(log.append('nonsense', [happened(1)])).rejects.toThrow();
      });

      it('appends many at once, each where it says', async () => {
        const appended = await Promise.all(
          Array.from({ length: 200 }, (_, n) => log.append(`registration-${n % 7}`, [happened(n)])),
        );
        const all = await collect(log.readAll(['registration'], 'oldest'));
        expect(all).toHaveLength(200);
        for (const [n, [position]] of appended.entries()) {
          const event = all.find(
            (each) => each.stream === `registration-${n % 7}` && each.position.offset === position?.offset,
          );
          expect(event && numbers([event])).toEqual([n]);
          expect(event?.position).toEqual(position);
        }
      });

      it('reads all of some topics, from a place on', async () => {
        await log.append('registration-a', [happened(1)]);
        await log.append('timer-a', [happened(2)]);
        const place = await placeAfterAll(['registration', 'calls', 'timers']);
        await log.append('call-a', [happened(3)]);
        await log.append('registration-a', [happened(4)]);
        expect(ordered(await collect(log.readAll(['registration', 'calls'], 'oldest')))).toEqual([1, 3, 4]);
        expect(ordered(await collect(log.readAll(['registration', 'calls'], place)))).toEqual([3, 4]);
        expect(numbers(await collect(log.readAll(['registration', 'calls'], 'newest')))).toEqual([]);
      });

      it('is there again after a restart, and goes on behind it', async () => {
        const [before] = await log.append('registration-a', [happened(1)]);
        log = await under.restart();
        const [after] = await log.append('registration-a', [happened(2)]);
        expect(after?.offset).toBeGreaterThan(before?.offset ?? Infinity);
        expect(numbers(await collect(log.read('registration-a')))).toEqual([1, 2]);
      });

      it('takes no append once closed, and has kept those it took', async () => {
        const taken = log.append('registration-a', [happened(1)]);
        const again = under.restart();
        await expect(log.append('registration-a', [happened(2)])).rejects.toThrow();
        log = await again;
        await taken;
        expect(numbers(await collect(log.read('registration-a')))).toEqual([1]);
      });
    }

    function describeExpected(): void {
      it('lets exactly one of two racing appends win, and the loser find the winner', async () => {
        await log.append('subscriber-1', [happened(0)], { expected: 0 });
        const lost: RevisionConflict[] = [];
        const foundByLoser: unknown[] = [];
        await Promise.all(
          [1, 2].map((n) =>
            log.append('subscriber-1', [happened(n)], { expected: 1 }).catch(async (error: unknown) => {
              lost.push(error as RevisionConflict);
              foundByLoser.push(...numbers(await collect(log.read('subscriber-1', 2))));
            }),
          ),
        );
        expect(lost).toHaveLength(1);
        expect(lost[0]).toBeInstanceOf(RevisionConflict);
        expect(lost[0]).toMatchObject({ stream: 'subscriber-1', expected: 1, actual: 2 });
        const read = await collect(log.read('subscriber-1'));
        expect(read).toHaveLength(2);
        expect(foundByLoser).toEqual(numbers(read).slice(1));
      });

      it('refuses what comes with another revision, behind or ahead', async () => {
        await log.append('account-1', [happened(1), happened(2)], { expected: 0 });
        await expect(log.append('account-1', [happened(3)], { expected: 1 })).rejects.toThrow(
          RevisionConflict,
        );
        await expect(log.append('account-1', [happened(3)], { expected: 3 })).rejects.toThrow(
          RevisionConflict,
        );
        await log.append('account-1', [happened(3)], { expected: 2 });
        expect(numbers(await collect(log.read('account-1')))).toEqual([1, 2, 3]);
      });

      it('knows the revisions after a restart', async () => {
        await log.append('identity-a', [happened(1), happened(2)], { expected: 0 });
        log = await under.restart();
        await expect(log.append('identity-a', [happened(3)], { expected: 1 })).rejects.toThrow(
          RevisionConflict,
        );
        await log.append('identity-a', [happened(3)], { expected: 2 });
        const read = await collect(log.read('identity-a'));
        expect(read.map(({ revision, expected }) => [revision, expected])).toEqual([
          [1, 0],
          [2, 0],
          [3, 2],
        ]);
      });

      it('writes all events of an append or none', async () => {
        await log.append('document-a/1', [happened(1)]);
        await expect(
          log.append('document-a/1', [happened(2), happened(3)], { expected: 0 }),
        ).rejects.toThrow();
        expect(numbers(await collect(log.read('document-a/1')))).toEqual([1]);
      });

      it('gives a repeat with the same key the first verdict', async () => {
        const options = { expected: 0, idempotencyKey: 'k1' };
        const first = await log.append('subscriber-1', [happened(1)], options);
        expect(await log.append('subscriber-1', [happened(1)], options)).toEqual(first);
        await expect(log.append('subscriber-1', [happened(1)], { expected: 0 })).rejects.toThrow(
          RevisionConflict,
        );
        log = await under.restart();
        expect(await log.append('subscriber-1', [happened(1)], options)).toEqual(first);
        expect(await collect(log.read('subscriber-1'))).toHaveLength(1);
      });
    }

    function describeSubscribe(): void {
      it('delivers in order, once, only what it was asked for', async () => {
        const { seen, subscription } = await follow(['registration', 'timers']);
        await log.append('registration-a', [happened(1)]);
        await log.append('call-a', [happened(2)]);
        await log.append('timer-a', [happened(3), happened(4)]);
        await subscription.caughtUp();
        expect(ordered(seen)).toEqual([1, 3, 4]);
        expect(numbers(seen.filter(({ stream }) => stream === 'timer-a'))).toEqual([3, 4]);
        if (under.isOrderedByStreamOnly !== true) expect(subscription.position).toEqual(seen[2]?.position);
        expect(ordered(await collect(log.readAll(['registration', 'timers'], 'oldest')))).toEqual([1, 3, 4]);
        await subscription.stop();
        await log.append('registration-a', [happened(5)]);
        expect(seen).toHaveLength(3);
      });

      it('gives a late subscriber everything, without gap or duplicate where it goes over to new events', async () => {
        const appended = [];
        for (let n = 0; n < 50; n++) appended.push(log.append('registration-a', [happened(n)]));
        await Promise.all(appended);
        const { seen, subscription } = await follow(['registration']);
        for (let n = 50; n < 100; n++) appended.push(log.append('registration-a', [happened(n)]));
        await Promise.all(appended);
        await subscription.caughtUp();
        expect(numbers(seen)).toEqual(Array.from({ length: 100 }, (_, n) => n));
        await subscription.stop();
      });

      it('begins after a place, or with what is new', async () => {
        await log.append('registration-a', [happened(1)]);
        await log.append('registration-a', [happened(2)]);
        const place = await placeAfterAll(['registration']);
        await log.append('registration-a', [happened(3)]);
        const after = await follow(['registration'], place);
        const fresh = await follow(['registration'], 'newest');
        await log.append('registration-a', [happened(4)]);
        await Promise.all([after.subscription.caughtUp(), fresh.subscription.caughtUp()]);
        expect(numbers(after.seen)).toEqual([3, 4]);
        expect(numbers(fresh.seen)).toEqual([4]);
        await Promise.all([after.subscription.stop(), fresh.subscription.stop()]);
      });

      it('goes on from a kept position after a restart', async () => {
        await log.append('registration-a', [happened(1)]);
        const before = await follow(['registration']);
        await before.subscription.caughtUp();
        const { position } = before.subscription;
        await log.append('registration-a', [happened(2)]);
        log = await under.restart();
        await log.append('registration-a', [happened(3)]);
        if (!position) throw new Error('no position');
        const after = await follow(['registration'], position);
        await after.subscription.caughtUp();
        expect(numbers(after.seen)).toEqual([2, 3]);
      });

      it('runs one batch of a subscriber at a time', async () => {
        let running = 0;
        let most = 0;
        const seen: RecordedEvent[] = [];
        const subscription = await log.subscribe({
          topics: ['registration'],
          group: 'slow',
          startAt: 'oldest',
          onBatch: async (events) => {
            most = Math.max(most, ++running);
            await new Promise((resolve) => setImmediate(resolve));
            seen.push(...events);
            running--;
          },
        });
        for (let n = 0; n < 30; n++) await log.append('registration-a', [happened(n)]);
        await subscription.caughtUp();
        expect(most).toBe(1);
        expect(numbers(seen)).toEqual(Array.from({ length: 30 }, (_, n) => n));
        await subscription.stop();
      });

      it('stops a subscriber that throws, tells it once, and leaves the others alone', async () => {
        const failures: unknown[] = [];
        const other = await follow(['registration']);
        const subscription = await log.subscribe({
          topics: ['registration'],
          group: 'failing',
          startAt: 'oldest',
          onBatch: () => {
            throw new Error('cannot fold');
          },
          onFailure: (error) => failures.push(error),
        });
        await log.append('registration-a', [happened(1)]);
        await expect(subscription.caughtUp()).rejects.toThrow('cannot fold');
        await log.append('registration-a', [happened(2)]);
        await other.subscription.caughtUp();
        expect(failures).toHaveLength(1);
        expect(numbers(other.seen)).toEqual([1, 2]);
        await subscription.stop();
      });

      it('gives every subscriber the same events', async () => {
        const [one, two] = [await follow(['calls']), await follow(['calls'])];
        await Promise.all([0, 1, 2].map((n) => log.append(`call-${n}`, [happened(n)])));
        await Promise.all([one.subscription.caughtUp(), two.subscription.caughtUp()]);
        const byStream = (events: readonly RecordedEvent[]): readonly RecordedEvent[] =>
          under.isOrderedByStreamOnly === true
            ? [...events].sort((a, b) => a.stream.localeCompare(b.stream))
            : events;
        expect(byStream(one.seen)).toEqual(byStream(two.seen));
        expect(byStream(one.seen)).toEqual(byStream(await collect(log.readAll(['calls'], 'oldest'))));
        await Promise.all([one.subscription.stop(), two.subscription.stop()]);
      });
    }
  });
};
