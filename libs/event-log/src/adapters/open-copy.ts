// Both ends of a copy, opened from what an operator says: embedded:<DATA_DIR>, or kafka:<host:port,…>. How brokers are spoken to, prefix,
// partitions and replicas are the configuration's (event-log.config.ts). Used by `npm run log -- copy`.
import type { Clock } from '#libs/runtime';
import { CopyRefused, type CopyTarget, type StoredLog } from '../copy/stored-log.port.js';
import type { EventLogConfig } from '../event-log.config.js';
import type { FilePort } from './embedded/disk/file-port.js';
import { openEmbeddedSource, openEmbeddedTarget } from './embedded/stored-log.js';
import { brokersOf } from './open-log.js';

export type OpenCopy = Readonly<{
  from: string;
  to: string;
  /** Of the log on Kafka that is copied; KAFKA_GENERATION when absent. */
  fromGeneration?: number;
  /** Of the copy; the next after the source's when absent. */
  toGeneration?: number;
  config: EventLogConfig;
  retentionMs: number;
  disk: FilePort;
  clock: Clock;
  report?: (message: string) => void;
}>;

export type CopyEnds = Readonly<{ source: StoredLog; target: CopyTarget; close(): Promise<void> }>;

type End = Readonly<{ kind: 'embedded'; directory: string } | { kind: 'kafka'; brokers: readonly string[] }>;

const endOf = (text: string): End => {
  const [, kind, rest = ''] = /^(embedded|kafka):(.+)$/.exec(text) ?? [];
  if (kind === 'embedded') return { kind, directory: rest };
  if (kind === 'kafka') return { kind, brokers: rest.split(',') };
  throw new CopyRefused(`${text} is no log: embedded:<DATA_DIR>, or kafka:<host:port,…>`);
};

const connectionTo = (config: EventLogConfig, brokers: readonly string[]) => ({
  ...brokersOf(config),
  brokers,
});

const openSource = async (options: OpenCopy, end: End): Promise<StoredLog> => {
  const { disk, config, clock, report, fromGeneration } = options;
  const told = report === undefined ? {} : { report };
  if (end.kind === 'embedded') return openEmbeddedSource({ directory: end.directory, disk, ...told });
  const { openKafkaSource } = await import('./kafka/stored-log.js');
  return openKafkaSource({
    connection: connectionTo(config, end.brokers),
    topicPrefix: config.kafkaTopicPrefix,
    generation: fromGeneration ?? config.kafkaGeneration,
    clock,
    ...told,
  });
};

const openTarget = async (options: OpenCopy, end: End, generation: number): Promise<CopyTarget> => {
  const { disk, config, clock, report, retentionMs } = options;
  const told = report === undefined ? {} : { report };
  if (end.kind === 'embedded')
    return openEmbeddedTarget({ directory: end.directory, disk, ...told }, generation);
  const { openKafkaTarget } = await import('./kafka/stored-log.js');
  return openKafkaTarget({
    connection: connectionTo(config, end.brokers),
    topicPrefix: config.kafkaTopicPrefix,
    generation,
    partitions: config.kafkaPartitions,
    isSingle: config.kafkaSingle,
    retentionMs,
    clock,
    ...told,
  });
};

/** Rejects with CopyRefused, DirectoryInUse, LogDamaged or TopicsUnfit; nothing stays open then. */
export const openCopy = async (options: OpenCopy): Promise<CopyEnds> => {
  const [from, to] = [endOf(options.from), endOf(options.to)];
  const source = await openSource(options, from);
  try {
    const target = await openTarget(options, to, options.toGeneration ?? source.generation + 1);
    return {
      source,
      target,
      async close() {
        await Promise.all([source.close(), target.close()]);
      },
    };
  } catch (error) {
    await source.close();
    throw error;
  }
};
