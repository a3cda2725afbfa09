// The topics on the brokers: made at the start where they are missing, and held to what they must be. Nothing is appended to a cluster that
// could lose what it acknowledged (docs/architecture.md §2). Called once by createKafkaLog.
import kafkajs, { type Admin, type ITopicMetadata } from 'kafkajs';
import type { Clock } from '#libs/runtime';
import { TOPICS, type Topic } from '../../event-log.port.js';
import { PartitionsUnled, TopicsUnfit } from './kafka-faults.js';
import { brokerErrorOf, type KafkaConnection } from './kafka-connection.js';

export type TopicSettings = Readonly<{
  nameOf: (topic: Topic) => string;
  partitions: number;
  /** One broker is enough: for development only. Otherwise three replicas, two of which must have a record before it is acknowledged. */
  isSingle: boolean;
  retentionMs: number;
  clock: Clock;
}>;

const REPLICAS = 3;
const IN_SYNC_REPLICAS_MIN = 2;
/** Kept for ever: what rebuilds subscribers and accounts. */
const KEPT: ReadonlySet<Topic> = new Set(['provisioning', 'accounts']);
/** Segments are what retention deletes: short ones for what is kept for days. */
const SEGMENT_MS = 6 * 3_600_000;

const configOf = (topic: Topic, { isSingle, retentionMs }: TopicSettings): Record<string, string> => ({
  'cleanup.policy': 'delete',
  'retention.ms': KEPT.has(topic) ? '-1' : String(retentionMs),
  'retention.bytes': '-1',
  'min.insync.replicas': String(isSingle ? 1 : IN_SYNC_REPLICAS_MIN),
  'unclean.leader.election.enable': 'false',
  ...(KEPT.has(topic) ? {} : { 'segment.ms': String(SEGMENT_MS) }),
});

/** So often the brokers are asked for new topics, every so many ms. */
const LOOKS_MAX = 100;
const LOOK_MS = 100;
const NOT_YET: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** Makes what is missing; rejects with TopicsUnfit when what is there is not as it must be. */
export const ensureTopics = async (connection: KafkaConnection, settings: TopicSettings): Promise<void> => {
  const admin = connection.kafka.admin();
  await admin.connect();
  const names = TOPICS.map((topic) => settings.nameOf(topic));
  const there = new Set(await admin.listTopics());
  const missing = TOPICS.filter((topic) => !there.has(settings.nameOf(topic)));
  if (missing.length > 0) await create(admin, missing, settings);
  const topics = await onceKnown(settings.clock, () => ledTopics(admin, names));
  for (const { name, partitions } of topics) {
    if (partitions.length !== settings.partitions)
      throw new TopicsUnfit(
        `${name} has ${partitions.length} partitions, not ${settings.partitions} (KAFKA_PARTITIONS): the number never changes ` +
          'within a generation; copy the log into a new one (KAFKA_GENERATION)',
      );
    const copies = Math.min(...partitions.map(({ replicas }) => replicas.length));
    if (!settings.isSingle && copies < REPLICAS)
      throw new TopicsUnfit(
        `${name} has ${copies} replicas, not ${REPLICAS}; KAFKA_SINGLE=1 takes one, for development`,
      );
  }
  await checkConfigs(admin, settings);
};

/** A new topic is known to all brokers, and led by one, some moments after it was made. */
const onceKnown = async <T>(clock: Clock, look: () => Promise<T | undefined>): Promise<T> => {
  for (let looks = 1; ; looks++) {
    try {
      const found = await look();
      if (found !== undefined) return found;
      if (looks >= LOOKS_MAX) throw new PartitionsUnled('some partitions have no leader');
    } catch (error) {
      if (looks >= LOOKS_MAX || !NOT_YET.has(brokerErrorOf(error) ?? '')) throw error;
    }
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
};

const ledTopics = async (
  admin: Admin,
  names: readonly string[],
): Promise<readonly ITopicMetadata[] | undefined> => {
  const { topics } = await admin.fetchTopicMetadata({ topics: [...names] });
  return topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0)) ? topics : undefined;
};

const create = async (admin: Admin, topics: readonly Topic[], settings: TopicSettings): Promise<void> => {
  const specs = topics.map((topic) => ({
    topic: settings.nameOf(topic),
    numPartitions: settings.partitions,
    replicationFactor: settings.isSingle ? 1 : REPLICAS,
    configEntries: Object.entries(configOf(topic, settings)).map(([name, value]) => ({ name, value })),
  }));
  try {
    await admin.createTopics({ topics: specs, waitForLeaders: false });
  } catch (error) {
    if (typesOf(error).includes('INVALID_REPLICATION_FACTOR'))
      throw new TopicsUnfit(
        `there are fewer than ${REPLICAS} brokers; KAFKA_SINGLE=1 takes one, for development`,
        {
          cause: error,
        },
      );
    // Another process of the core starts at the same moment.
    if (!typesOf(error).every((type) => type === 'TOPIC_ALREADY_EXISTS')) throw error;
  }
};

/** What the brokers said of each topic that they did not make. */
const typesOf = (error: unknown): readonly (string | undefined)[] => {
  const each =
    error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors : [error];
  return each.map(brokerErrorOf);
};

/** The settings that loss depends on; retention may be longer, by an operator's own will. */
const checkConfigs = async (admin: Admin, settings: TopicSettings): Promise<void> => {
  const resourcesAsked = TOPICS.map((topic) => ({
    type: kafkajs.ConfigResourceTypes.TOPIC,
    name: settings.nameOf(topic),
  }));
  const { resources } = await onceKnown(settings.clock, () =>
    admin.describeConfigs({ includeSynonyms: false, resources: resourcesAsked }),
  );
  for (const { resourceName, configEntries } of resources) {
    const valueOf = (name: string): string =>
      configEntries.find(({ configName }) => configName === name)?.configValue ?? '';
    const topic = TOPICS.find((each) => settings.nameOf(each) === resourceName);
    if (valueOf('cleanup.policy') !== 'delete')
      throw new TopicsUnfit(
        `${resourceName} has cleanup.policy=${valueOf('cleanup.policy')}, not delete: it loses events`,
      );
    if (topic && KEPT.has(topic) && valueOf('retention.ms') !== '-1')
      throw new TopicsUnfit(
        `${resourceName} has retention.ms=${valueOf('retention.ms')}: it must be kept for ever (-1)`,
      );
    if (settings.isSingle) continue;
    if (Number(valueOf('min.insync.replicas')) < IN_SYNC_REPLICAS_MIN)
      throw new TopicsUnfit(`${resourceName} has min.insync.replicas below ${IN_SYNC_REPLICAS_MIN}`);
    if (valueOf('unclean.leader.election.enable') === 'true')
      throw new TopicsUnfit(`${resourceName} allows unclean leader election: it loses acknowledged events`);
  }
};
