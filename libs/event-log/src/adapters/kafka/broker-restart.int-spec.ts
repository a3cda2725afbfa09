// Three brokers, one of which is killed and started again, then the next: appends go on, what was answered as durable is there once, and who
// follows sees each event once and in order.
import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { systemClock, systemRandom } from '#libs/runtime';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { AppendRefused, AppendUnknown, type RecordedEvent } from '../../event-log.port.js';
import { createKafkaLog, type KafkaLog } from './kafka.event-log.js';

jest.setTimeout(300_000);

const ROUNDS = 2;

let kafka: RealEngine;
let log: KafkaLog;
beforeAll(async () => {
  process.env['KAFKA_HEAP'] ??= '-Xms128m -Xmx384m';
  kafka = await startRealEngine('kafka', 3);
  log = await createKafkaLog({
    connection: { brokers: kafka.endpoints, clientId: 'test' },
    topicPrefix: 'restarts',
    generation: 1,
    partitions: 6,
    isSingle: false,
    retentionMs: 7 * 86_400_000,
    clock: systemClock,
    random: systemRandom,
  });
});
afterAll(async () => {
  await log.close();
  await kafka.stop();
});

const numberOf = ({ event }: RecordedEvent): number => (event.data as { n: number }).n;

it('loses and doubles nothing while one broker after the other is killed and comes back', async () => {
  const durable = new Set<number>();
  const unknown = new Set<number>();
  const refused = new Set<number>();
  const seen: RecordedEvent[] = [];
  const subscription = await log.subscribe({
    topics: ['registration'],
    group: 'view',
    startAt: 'oldest',
    onBatch: (events) => void seen.push(...events),
  });
  let isOver = false;
  const appends: Promise<void>[] = [];
  const load = async (): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const append = log.append(`registration-${n % 20}`, [{ type: 'Happened', data: { n } }]).then(
        () => void durable.add(n),
        (error: unknown) => {
          if (error instanceof AppendUnknown) unknown.add(n);
          else if (error instanceof AppendRefused) refused.add(n);
          else throw error;
        },
      );
      appends.push(append);
      await pause(20);
    }
  };
  const restarts = async (): Promise<void> => {
    await pause(1_000);
    for (let round = 0; round < ROUNDS; round++) {
      await kafka.signal(round, 'SIGKILL');
      await pause(4_000);
      await kafka.start();
      await pause(4_000);
    }
    isOver = true;
  };
  await Promise.all([load(), restarts()]);
  await Promise.all(appends);
  // It takes appends again.
  await log.append('registration-last', [{ type: 'Happened', data: { n: -1 } }]);
  await subscription.caughtUp();
  await subscription.stop();
  const counts = Map.groupBy(seen, numberOf);
  for (const n of durable) expect([n, counts.get(n)?.length]).toEqual([n, 1]);
  for (const n of unknown) expect(counts.get(n)?.length ?? 0).toBeLessThanOrEqual(1);
  for (const n of refused) expect([n, counts.get(n)]).toEqual([n, undefined]);
  for (const events of Map.groupBy(seen, ({ stream }) => stream).values()) {
    const offsets = events.map(({ position }) => position.offset);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  }
  process.stdout.write(
    `${JSON.stringify({ durable: durable.size, unknown: unknown.size, refused: refused.size })}\n`,
  );
  expect(durable.size).toBeGreaterThan(100);
});
