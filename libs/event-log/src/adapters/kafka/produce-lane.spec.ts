// The lane of appends while Kafka is away, on a clock that stands still: whoever waits is answered, and the lane ends when it is told to.
import { createFakeClock, settle } from '#libs/testkit';
import type { KafkaConnection } from './kafka-connection.js';
import { KAFKA_LIMITS } from './limits.js';
import type { KafkaLogReader } from './log-reader.js';
import type { Place } from './partitions.js';
import { ProduceLane, type LaneAppend } from './produce-lane.js';

const PLACE: Place = 'registration/0';

const setUp = () => {
  const clock = createFakeClock();
  const said: string[] = [];
  /** What each request to the brokers does. */
  const brokers = { send: (): Promise<unknown> => new Promise(() => undefined), end: 0, batchesRead: 0 };
  let isAway = false;
  const asked = <T>(value: T): Promise<T> =>
    isAway ? Promise.reject(new Error('no broker answers')) : Promise.resolve(value);
  const reader = {
    ends: () => asked(new Map([[PLACE, brokers.end]])),
    async *range() {
      for (let read = 0; read < brokers.end; read++) {
        brokers.batchesRead++;
        await new Promise<void>((resolve) => void clock.after(100, resolve));
        yield [
          { offset: String(read), key: null, value: null, headers: { ce_id: Buffer.from(`other-${read}`) } },
        ];
      }
    },
    close: () => undefined,
  };
  const connection = {
    kafka: { producer: () => ({ connect: () => asked(undefined), sendBatch: () => brokers.send() }) },
    destroy: () => undefined,
  };
  const lane = new ProduceLane({
    connect: () => connection as unknown as KafkaConnection,
    reader: reader as unknown as KafkaLogReader,
    topics: ['registration'],
    nameOf: (topic) => topic,
    limits: KAFKA_LIMITS,
    clock,
  });
  const add = (name: string): void => {
    const append: LaneAppend = {
      place: PLACE,
      records: [{ key: 'registration-a', value: '{}', headers: {} }],
      firstId: name,
      bytes: 100,
      enqueuedMs: clock.monotonicMs(),
      durable: (offset) => said.push(`${name} durable ${offset}`),
      refused: () => said.push(`${name} refused`),
      unknown: () => said.push(`${name} unknown`),
    };
    lane.add(append);
  };
  const goAway = (): void => void (isAway = true);
  const pass = async (ms: number): Promise<void> => {
    await settle();
    await clock.advanceAsync(ms);
    await settle();
  };
  return { lane, brokers, clock, said, add, goAway, pass };
};

describe('the lane of appends', () => {
  it('ends also when what was in flight past its deadline fails while Kafka is away', async () => {
    const { lane, brokers, clock, said, add, goAway, pass } = setUp();
    // The first answer takes a second; the second append waits for it, and is in flight when its deadline comes.
    const answer = [{ topicName: 'registration', partition: 0, baseOffset: '0' }];
    brokers.send = () => {
      brokers.send = () => new Promise(() => undefined);
      return new Promise((resolve) => void clock.after(1_000, () => resolve(answer)));
    };
    add('first');
    await pass(10);
    add('second');
    await pass(1_100);
    expect(said).toEqual(['first durable 0']);
    goAway();
    await pass(10_000);
    expect(said).toEqual(['first durable 0', 'second unknown']);
    let isClosed = false;
    void lane.close().then(() => (isClosed = true));
    await pass(10_000);
    expect(isClosed).toBe(true);
  });

  it('does not read on for an append that is past its deadline: others wait to be sent', async () => {
    const { brokers, said, add, pass } = setUp();
    brokers.send = () => Promise.reject(new Error('the connection was lost'));
    add('lost');
    await pass(0);
    brokers.end = 1_000_000;
    brokers.send = () => Promise.resolve([{ topicName: 'registration', partition: 0, baseOffset: '7' }]);
    await pass(2_200);
    expect(said).toEqual(['lost unknown']);
    add('next');
    await pass(1_000);
    expect(said).toEqual(['lost unknown', 'next durable 7']);
    expect(brokers.batchesRead).toBeLessThan(40);
  });
});
