// Nothing is lost and nothing is there twice, whatever the network does: every durable answer is in the log once, where it says; every refused
// append not at all; every unknown one at most once. FAULTS_S=300 runs it for five minutes.
import { jest } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '#libs/runtime';
import { createSeededRandom, type Fault, type FaultProxy, startFaultProxy } from '#libs/testkit';
import { AppendRefused, AppendUnknown, RevisionConflict, type RecordedEvent } from '../../event-log.port.js';
import { brokers, describeWithKafka, testLog, type TestLog } from './broker.fixture.js';
import type { KafkaLog } from './kafka.event-log.js';

jest.setTimeout(600_000);

const SECONDS = Number(process.env['FAULTS_S'] ?? 12);
const APPENDS_PER_S = 50;
const FAULTS: readonly Fault[] = ['lose-answers', 'delay', 'lose-requests', 'freeze', 'reset'];

type Outcome = Readonly<{
  n: number;
  stream: string;
  kind: 'durable' | 'refused' | 'unknown' | 'conflict';
  at?: string;
}>;

const outcomeOf = (error: unknown): Outcome['kind'] => {
  if (error instanceof AppendRefused) return 'refused';
  if (error instanceof AppendUnknown) return 'unknown';
  if (error instanceof RevisionConflict) return 'conflict';
  throw error;
};

const placeOf = ({ partition, offset }: Readonly<{ partition: number; offset: number }>): string =>
  `${partition}/${offset}`;

describeWithKafka('the log on Kafka behind a network that fails', () => {
  let test: TestLog;
  let proxies: FaultProxy[];
  let log: KafkaLog;

  beforeEach(async () => {
    test = testLog();
    await (await test.open()).close();
    const ports = new Map<number, FaultProxy>();
    for (const broker of brokers()) {
      const port = Number(broker.split(':')[1]);
      ports.set(port, await startFaultProxy('127.0.0.1', port));
    }
    proxies = [...ports.values()];
    log = await test.open({
      connection: {
        brokers: brokers(),
        clientId: 'faulty',
        redirect: (host, port) => ({ host: '127.0.0.1', port: ports.get(port)?.port ?? port }),
      },
    });
  });

  afterEach(async () => {
    for (const proxy of proxies) proxy.set('none');
    await log.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await test.deleteTopics();
  });

  const append = async (n: number, stream: string, expected?: number): Promise<Outcome> => {
    try {
      const events = [{ type: 'Happened', data: { n } }];
      const [position] = await log.append(stream, events, expected === undefined ? {} : { expected });
      return { n, stream, kind: 'durable', ...(position ? { at: placeOf(position) } : {}) };
    } catch (error) {
      return { n, stream, kind: outcomeOf(error) };
    }
  };

  /** What the brokers have, read past the proxy: records by the number in them. */
  const inLog = async (): Promise<ReadonlyMap<number, readonly string[]>> => {
    const straight = await test.open();
    const places = new Map<number, string[]>();
    const take = ({ event, position }: RecordedEvent): void => {
      const { n } = event.data as { n: number };
      places.set(n, [...(places.get(n) ?? []), placeOf(position)]);
    };
    for await (const recorded of straight.readAll(['registration', 'provisioning'], 'oldest')) take(recorded);
    await straight.close();
    return places;
  };

  const check = (outcomes: readonly Outcome[], places: ReadonlyMap<number, readonly string[]>): void => {
    for (const { n, kind, at } of outcomes) {
      const there = places.get(n) ?? [];
      if (kind === 'durable') expect([n, there]).toEqual([n, [at]]);
      else if (kind === 'unknown') expect(there.length).toBeLessThanOrEqual(1);
      else expect([n, kind, there]).toEqual([n, kind, []]);
    }
  };

  it('finds what the broker took when its answer was lost, and says where', async () => {
    const before = await append(1, 'registration-a');
    expect(before.kind).toBe('durable');
    for (const proxy of proxies) proxy.set('lose-answers');
    const during = append(2, 'registration-a');
    await pause(300);
    for (const proxy of proxies) proxy.set('none');
    expect((await during).kind).toBe('durable');
    check([before, await during], await inLog());
  });

  it('does not know what became of an append that never got there, and refuses what it never sent', async () => {
    expect((await append(1, 'registration-a')).kind).toBe('durable');
    for (const proxy of proxies) proxy.set('lose-requests');
    const sent = append(2, 'registration-a');
    await pause(1_000);
    const waiting = append(3, 'registration-a');
    expect((await sent).kind).toBe('unknown');
    expect((await waiting).kind).toBe('refused');
    expect(log.health()).toEqual({
      ok: true,
      reason: expect.stringContaining('takes no appends') as unknown,
    });
    for (const proxy of proxies) proxy.set('none');
    const after = await append(4, 'registration-a');
    expect(after.kind).toBe('durable');
    expect(log.health()).toEqual({ ok: true });
    check([await sent, await waiting, after], await inLog());
  });

  it(`loses nothing and doubles nothing in ${SECONDS} s of faults under ${APPENDS_PER_S} appends a second`, async () => {
    const random = createSeededRandom(Number(process.env['FAULTS_SEED'] ?? 1));
    const outcomes: Promise<Outcome>[] = [];
    const seen: unknown[] = [];
    const subscription = await log.subscribe({
      topics: ['registration'],
      group: 'watcher',
      startAt: 'oldest',
      onBatch: (events) => void seen.push(...events.map(({ event }) => (event.data as { n: number }).n)),
    });
    const endMs = systemClock.monotonicMs() + SECONDS * 1_000;
    let n = 0;
    const weather = async (): Promise<void> => {
      while (systemClock.monotonicMs() < endMs) {
        const fault = FAULTS[Math.floor(random.fraction() * FAULTS.length)] ?? 'reset';
        for (const proxy of proxies) proxy.set(fault);
        await pause(100 + random.fraction() * 1_500);
        for (const proxy of proxies) proxy.set('none');
        await pause(random.fraction() * 1_000);
      }
    };
    const merges = async (): Promise<void> => {
      while (systemClock.monotonicMs() < endMs) {
        outcomes.push(append(n++, `registration-${n % 5}`));
        await pause(1_000 / APPENDS_PER_S);
      }
    };
    const expects = async (stream: string): Promise<void> => {
      for (let expected = 0; systemClock.monotonicMs() < endMs;) {
        const outcome = append(n++, stream, expected);
        outcomes.push(outcome);
        const { kind } = await outcome;
        // Of what is unknown it tries the next revision: a conflict says that it did not happen.
        if (kind === 'durable' || kind === 'unknown') expected++;
        if (kind === 'conflict') expected--;
        await pause(50);
      }
    };
    await Promise.all([weather(), merges(), expects('subscriber-1'), expects('subscriber-2')]);
    for (const proxy of proxies) proxy.set('none');
    const all = await Promise.all(outcomes);
    const places = await inLog();
    check(all, places);
    await subscription.caughtUp();
    await subscription.stop();
    const merged = all.filter(({ stream }) => stream.startsWith('registration-')).map((each) => each.n);
    expect([...seen].sort()).toEqual(merged.filter((each) => places.has(each)).sort());
    const count = (kind: Outcome['kind']): number => all.filter((each) => each.kind === kind).length;
    process.stdout.write(
      `${JSON.stringify({ durable: count('durable'), refused: count('refused'), unknown: count('unknown'), conflict: count('conflict') })}\n`,
    );
    expect(count('durable')).toBeGreaterThan(SECONDS);
  });
});
