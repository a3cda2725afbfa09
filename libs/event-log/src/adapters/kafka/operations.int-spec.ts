// What an operator does to a cluster, and what a core says to it: other partitions, too few brokers, records that are gone.
import { jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import { PositionUnknown, type RecordedEvent } from '../../event-log.port.js';
import { brokers, describeWithKafka, testLog, type TestLog } from './broker.fixture.js';
import { OffsetGone, TopicsUnfit } from './kafka-faults.js';
import type { KafkaLog } from './kafka.event-log.js';

jest.setTimeout(60_000);

const happened = (n: number) => ({ type: 'Happened', data: { n } });

describeWithKafka('a cluster and its operator', () => {
  let test: TestLog;
  let log: KafkaLog;
  beforeEach(async () => {
    test = testLog();
    log = await test.open();
  });
  afterEach(async () => {
    await log.close();
    await test.deleteTopics();
  });

  const admin = async <T>(run: (admin: kafkajs.Admin) => Promise<T>): Promise<T> => {
    const client = new kafkajs.Kafka({ brokers: [...brokers()], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await client.connect();
    return run(client).finally(() => client.disconnect());
  };
  /** As retention does. */
  const deleteRecords = async (topic: string, below: number): Promise<void> => {
    const partitions = [0, 1, 2].map((partition) => ({ partition, offset: String(below) }));
    const name = `${test.prefix}.1.${topic}`;
    await admin(async (client) => {
      const ends = await client.fetchTopicOffsets(name);
      const kept = partitions.filter(
        ({ partition }) => Number(ends.find((each) => each.partition === partition)?.high ?? 0) >= below,
      );
      await client.deleteTopicRecords({ topic: name, partitions: kept });
    });
  };

  it('does not start on topics with another number of partitions', async () => {
    await expect(test.open({ partitions: 4 })).rejects.toThrow(TopicsUnfit);
    await expect(test.open({ partitions: 4 })).rejects.toThrow(/has 3 partitions, not 4/);
  });

  it('takes fewer than three brokers only when it is told to', async () => {
    if (brokers().length >= 3) return;
    await expect(test.open({ isSingle: false })).rejects.toThrow(/KAFKA_SINGLE/);
    await expect(test.open({ isSingle: false, generation: 2 })).rejects.toThrow(/fewer than 3 brokers/);
  });

  it('keeps provisioning for ever, and says so when somebody set it otherwise', async () => {
    const resource = {
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: `${test.prefix}.1.provisioning`,
      configEntries: [{ name: 'retention.ms', value: '1000' }],
    };
    await admin((client) => client.alterConfigs({ validateOnly: false, resources: [resource] }));
    await expect(test.open()).rejects.toThrow(/kept for ever/);
  });

  it('stops a subscriber whose next events are gone, and tells it once', async () => {
    const failures: unknown[] = [];
    for (let n = 0; n < 5; n++) await log.append('registration-a', [happened(n)]);
    const entered = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    let batches = 0;
    const subscription = await log.subscribe({
      topics: ['registration'],
      group: 'slow',
      startAt: 'oldest',
      onBatch: async () => {
        if (++batches > 1) return;
        entered.resolve();
        await released.promise;
      },
      onFailure: (error) => failures.push(error),
    });
    await entered.promise;
    for (let n = 0; n < 5; n++) await log.append('registration-a', [happened(n)]);
    await deleteRecords('registration', 8);
    released.resolve();
    await expect(subscription.caughtUp()).rejects.toThrow(OffsetGone);
    expect(failures).toHaveLength(1);
    await subscription.stop();
  });

  it('does not go on from a place that the log does not hold, nor from another log’s', async () => {
    const seen: RecordedEvent[] = [];
    const follow = (startAt: Parameters<KafkaLog['subscribe']>[0]['startAt']) =>
      log.subscribe({
        topics: ['registration'],
        group: 'view',
        startAt,
        onBatch: (events) => void seen.push(...events),
      });
    for (let n = 0; n < 5; n++) await log.append('registration-a', [happened(n)]);
    const first = await follow('oldest');
    await first.caughtUp();
    await first.stop();
    const place = first.position;
    if (!place?.cursors) throw new Error('no cursors');
    const ahead = Object.fromEntries(Object.entries(place.cursors).map(([at, next]) => [at, next + 1]));
    await expect(follow({ ...place, cursors: ahead })).rejects.toThrow(PositionUnknown);
    await expect(follow({ ...place, generation: 2 })).rejects.toThrow(PositionUnknown);
    await expect(follow({ generation: 1, partition: 0, offset: 3 })).rejects.toThrow(PositionUnknown);
    for (let n = 0; n < 5; n++) await log.append('registration-a', [happened(n)]);
    await deleteRecords('registration', 7);
    await expect(follow(place)).rejects.toThrow(/no longer in the log/);
  });

  it('tells how far its subscribers are behind', async () => {
    await log.append('registration-a', [happened(1)]);
    const subscription = await log.subscribe({
      topics: ['registration'],
      group: 'view',
      startAt: 'oldest',
      onBatch: () => undefined,
    });
    await subscription.caughtUp();
    expect(await log.lags()).toEqual([{ group: 'view', lag: 0 }]);
    await subscription.stop();
    expect(await log.lags()).toEqual([]);
  });
});
