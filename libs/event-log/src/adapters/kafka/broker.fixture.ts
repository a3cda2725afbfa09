// The broker that int-specs of this folder run against: KAFKA_BROKERS (`npm run test:services` starts it once for all), or else one that is
// started for the file. Topics get a prefix of their own, and are deleted after.
import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { systemClock, systemRandom } from '#libs/runtime';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { createKafkaLog, type KafkaLog, type KafkaLogOptions } from './kafka.event-log.js';

const START_MS_MAX = 300_000;

let running = (process.env['KAFKA_BROKERS'] ?? '').split(',').filter((each) => each !== '');

export const brokers = (): readonly string[] => running;

/** Describes what needs a broker. One that cannot be had is a failure. */
export const describeWithKafka = (name: string, run: () => void): void =>
  describe(name, () => {
    let own: RealEngine | undefined;
    beforeAll(async () => {
      if (running.length > 0) return;
      own = await startRealEngine('kafka');
      running = [...own.endpoints];
    }, START_MS_MAX);
    afterAll(async () => {
      if (own) running = [];
      await own?.stop();
    }, START_MS_MAX);
    run();
  });

export type TestLog = Readonly<{
  prefix: string;
  options: KafkaLogOptions;
  open: (more?: Partial<KafkaLogOptions>) => Promise<KafkaLog>;
  deleteTopics: () => Promise<void>;
}>;

export const testLog = (): TestLog => {
  const prefix = `test-${randomUUID()}`;
  const options: KafkaLogOptions = {
    connection: { brokers: running, clientId: 'test' },
    topicPrefix: prefix,
    generation: 1,
    partitions: 3,
    isSingle: running.length < 3,
    retentionMs: 7 * 86_400_000,
    clock: systemClock,
    random: systemRandom,
  };
  return {
    prefix,
    options,
    open: (more = {}) => createKafkaLog({ ...options, ...more }),
    async deleteTopics() {
      const admin = new kafkajs.Kafka({ brokers: [...running], logLevel: kafkajs.logLevel.NOTHING }).admin();
      await admin.connect();
      const topics = (await admin.listTopics()).filter((name) => name.startsWith(`${prefix}.`));
      await admin.deleteTopics({ topics });
      await admin.disconnect();
    },
  };
};
