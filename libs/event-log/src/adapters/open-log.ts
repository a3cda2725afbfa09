// The log that the configuration names, opened: files in DATA_DIR, or topics on Kafka. A folder belongs to one of them, so that what was
// folded from one log is never gone on with on the other. Used by libs/projector as a process opens its data.
import { readFileSync } from 'node:fs';
import type { Position } from '#libs/decider';
import type { Clock } from '#libs/runtime';
import type { EventLogConfig } from '../event-log.config.js';
import type { EventLog } from '../event-log.port.js';
import { createEmbeddedLog, type EmbeddedLogOptions, type LogHealth } from './embedded/embedded.event-log.js';
import { readWhole, replaceWhole } from './embedded/disk/file-port.js';
import { ownDirectory } from './embedded/own-directory.js';
import { UNFINISHED_COPY } from './embedded/stored-log.js';
import { createSoleOwner } from './embedded/sole-owner.js';
import type { LeavableOwners } from '../partition-owners.port.js';
import { appendLimits, joinGroup, openKafkaLog, type KafkaBrokers } from './kafka/index.js';

/** What a process needs of its log beside the port. */
export interface ProcessLog extends EventLog {
  readonly generation: number;
  /** The newest durable event, undefined while the log is empty; on Kafka how much there was when it was opened. */
  readonly head: Position | undefined;
  health(): LogHealth;
  /** Events that each subscriber has not handled yet, by its group. */
  lags(): Lags | Promise<Lags>;
}

type Lags = readonly Readonly<{ group: string; lag: number }>[];

/** The folder holds what was folded from another log than the configured one. */
export class OtherLog extends Error {}

/** In a folder whose views are folded from a log on Kafka: which one. */
const MARK = 'kafka-log';

export type ProcessLogOptions = Pick<
  EmbeddedLogOptions,
  'directory' | 'disk' | 'clock' | 'random' | 'versionOf' | 'upcast' | 'onCommit' | 'report'
> &
  Readonly<{
    retentionMs: number;
    /** Who appends, told with each event of a log that many write. */
    node?: string;
    /** Brokers that cannot be used yet are waited for (KAFKA_START_TIMEOUT_S). Default: they are an error at once. */
    waitsForBrokers?: boolean;
  }>;

/** Rejects with DirectoryInUse, LogDamaged, OtherLog, TopicsUnfit or BrokersUnreachable. */
export const openConfiguredLog = async (
  config: EventLogConfig,
  options: ProcessLogOptions,
): Promise<ProcessLog> => {
  if (config.eventLog === 'kafka') return openOnKafka(config, options);
  const { disk, directory } = options;
  const mark = await readWhole(disk, `${directory}/${MARK}`);
  if (mark)
    throw new OtherLog(
      `${directory} holds views of a log on Kafka (${mark.toString().trim()}): take another DATA_DIR, or EVENT_LOG=kafka`,
    );
  if (await readWhole(disk, `${directory}/log/${UNFINISHED_COPY}`))
    throw new OtherLog(`${directory} holds a copy of a log that is not whole: run the copy again`);
  return createEmbeddedLog(options);
};

const openOnKafka = async (config: EventLogConfig, options: ProcessLogOptions): Promise<ProcessLog> => {
  const { disk, directory } = options;
  const release = await ownDirectory(disk, directory);
  try {
    if (await readWhole(disk, `${directory}/log/generation`))
      throw new OtherLog(`${directory} holds an embedded log: take another DATA_DIR, or EVENT_LOG=embedded`);
    const name = `${config.kafkaTopicPrefix}.${config.kafkaGeneration}`;
    const mark = (await readWhole(disk, `${directory}/${MARK}`))?.toString().trim();
    if (mark !== undefined && mark !== name)
      throw new OtherLog(`${directory} holds views of the log ${mark}, not ${name}: take another DATA_DIR`);
    if (mark === undefined) await replaceWhole(disk, directory, MARK, Buffer.from(`${name}\n`));
    return await openKafkaLog({
      ...options,
      connection: brokersOf(config),
      topicPrefix: config.kafkaTopicPrefix,
      generation: config.kafkaGeneration,
      partitions: config.kafkaPartitions,
      isSingle: config.kafkaSingle,
      startTimeoutMs: options.waitsForBrokers === true ? config.kafkaStartTimeoutS * 1_000 : 0,
      limits: appendLimits(config.kafkaAppendTimeoutMs),
      onClosed: release,
    });
  } catch (error) {
    await release();
    throw error;
  }
};

/** The log on Kafka for who only reads it, beside the processes that write it: no folder is owned. */
export const openKafkaForReading = (
  config: EventLogConfig,
  options: Pick<ProcessLogOptions, 'clock' | 'random' | 'upcast' | 'retentionMs'>,
): Promise<EventLog> =>
  openKafkaLog({
    ...options,
    connection: brokersOf(config),
    topicPrefix: config.kafkaTopicPrefix,
    generation: config.kafkaGeneration,
    partitions: config.kafkaPartitions,
    isSingle: config.kafkaSingle,
  });

/** Who owns which partitions, among the processes that open them under one name; of an embedded log its one process owns all. */
export const openPartitionOwners = async (
  config: EventLogConfig,
  { group, clock, report }: Readonly<{ group: string; clock: Clock; report?: (message: string) => void }>,
): Promise<LeavableOwners> =>
  config.eventLog === 'embedded'
    ? createSoleOwner()
    : joinGroup({
        connection: brokersOf(config),
        topicPrefix: config.kafkaTopicPrefix,
        generation: config.kafkaGeneration,
        partitions: config.kafkaPartitions,
        group,
        clock,
        ...(report === undefined ? {} : { report }),
      });

export const brokersOf = (config: EventLogConfig): KafkaBrokers => {
  const file = (name: string): Buffer | undefined => (name === '' ? undefined : readFileSync(name));
  const [ca, cert, key] = [config.kafkaTlsCaFile, config.kafkaTlsCertFile, config.kafkaTlsKeyFile].map(file);
  const password = file(config.kafkaSaslPasswordFile)?.toString('utf8').trim() ?? '';
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername: username } = config;
  return {
    brokers: config.kafkaBrokers,
    clientId: config.kafkaTopicPrefix,
    ...(config.kafkaTls
      ? { tls: { ...(ca ? { ca: [ca] } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) } }
      : {}),
    ...(mechanism === 'none' ? {} : { sasl: { mechanism, username, password } }),
  };
};
