// The broker that int-specs of this folder run against: KAFKA_BROKERS, as `npm run services:up` shows it. `npm run test:services` starts one. Topics get a prefix of their own, and are deleted after.
import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { systemClock, systemRandom } from '#libs/runtime';
import { createKafkaLog, type KafkaLog, type KafkaLogOptions } from './kafka.event-log.js';

export const BROKERS = (process.env['KAFKA_BROKERS'] ?? '').split(',').filter((each) => each !== '');

/** Describes what needs a broker; without one there is only a test that says so, and fails where engines must be there. */
export const describeWithKafka = (name: string, run: () => void): void =>
  describe(name, () => {
    if (BROKERS.length > 0) run();
    else it('needs KAFKA_BROKERS: npm run services:up', () => expect(process.env['SERVICES']).not.toBe('1'));
  });

export type TestLog = Readonly<{
  prefix: string;
  open: (more?: Partial<KafkaLogOptions>) => Promise<KafkaLog>;
  deleteTopics: () => Promise<void>;
}>;

export const testLog = (): TestLog => {
  if (BROKERS.length === 0) throw new Error('KAFKA_BROKERS names no broker: npm run services:up');
  const prefix = `test-${randomUUID()}`;
  return {
    prefix,
    open: (more = {}) =>
      createKafkaLog({
        connection: { brokers: BROKERS, clientId: 'test' },
        topicPrefix: prefix,
        generation: 1,
        partitions: 3,
        isSingle: BROKERS.length < 3,
        retentionMs: 7 * 86_400_000,
        clock: systemClock,
        random: systemRandom,
        ...more,
      }),
    async deleteTopics() {
      const admin = new kafkajs.Kafka({ brokers: BROKERS, logLevel: kafkajs.logLevel.NOTHING }).admin();
      await admin.connect();
      const topics = (await admin.listTopics()).filter((name) => name.startsWith(`${prefix}.`));
      await admin.deleteTopics({ topics });
      await admin.disconnect();
    },
  };
};
