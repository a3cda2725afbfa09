// Where events are kept, and how the brokers are reached. Loaded as a process opens its log (libs/projector's process-data.ts).
import { IsBoolean, IsIn, IsInt, Matches, Max, Min } from 'class-validator';
import { Env } from '#libs/runtime';

const BROKERS = /^[A-Za-z0-9.-]{1,253}:\d{1,5}$|^\[[0-9A-Fa-f:.]{2,45}\]:\d{1,5}$/;

const START = { message: 'takes seconds, 0 to 3600' };

const APPEND = { message: 'takes milliseconds, 500 to 60000' };

export class EventLogConfig {
  @Env('EVENT_LOG', 'where events are kept: embedded (files in DATA_DIR), or kafka')
  @IsIn(['embedded', 'kafka'], { message: 'takes embedded or kafka' })
  eventLog: 'embedded' | 'kafka' = 'embedded';

  @Env(
    'KAFKA_BROKERS',
    'some brokers of the cluster, host:port, comma-separated; the others are learned from them',
  )
  @Matches(BROKERS, { each: true, message: 'takes host:port, comma-separated' })
  kafkaBrokers: string[] = ['127.0.0.1:9092'];

  @Env(
    'KAFKA_SINGLE',
    'take one broker and one replica: for development. Otherwise topics need three replicas, two of them in sync',
    { kind: 'boolean' },
  )
  @IsBoolean({ message: 'takes 1 or 0' })
  kafkaSingle = false;

  @Env(
    'KAFKA_START_TIMEOUT_S',
    'how long a start waits for brokers that do not answer, or whose topics have no leaders yet, s; 0: one try',
  )
  @IsInt(START)
  @Min(0, START)
  @Max(3_600, START)
  kafkaStartTimeoutS = 30;

  @Env('KAFKA_TOPIC_PREFIX', 'what the names of topics begin with, before generation and family')
  @Matches(/^[A-Za-z0-9_-]{1,100}$/, { message: 'takes letters, digits, - and _' })
  kafkaTopicPrefix = 'clearwater';

  @Env(
    'KAFKA_GENERATION',
    'number of this log; a copy, or another number of partitions, is another generation',
  )
  @IsInt({ message: 'takes a number, 1 to 999999' })
  @Min(1, { message: 'takes a number, 1 to 999999' })
  @Max(999_999, { message: 'takes a number, 1 to 999999' })
  kafkaGeneration = 1;

  @Env('KAFKA_PARTITIONS', 'partitions of each topic; it never changes within a generation')
  @IsInt({ message: 'takes a number, 1 to 1024' })
  @Min(1, { message: 'takes a number, 1 to 1024' })
  @Max(1_024, { message: 'takes a number, 1 to 1024' })
  kafkaPartitions = 12;

  @Env(
    'KAFKA_APPEND_TIMEOUT_MS',
    'an append that Kafka does not answer for so long fails, ms: phones ask again soon, people at a portal rather wait',
    { defaultText: '`2000`; Ellis alone `10000`' },
  )
  @IsInt(APPEND)
  @Min(500, APPEND)
  @Max(60_000, APPEND)
  kafkaAppendTimeoutMs = 2_000;

  @Env('KAFKA_TLS', 'speak TLS to the brokers', { kind: 'boolean' })
  @IsBoolean({ message: 'takes 1 or 0' })
  kafkaTls = false;

  @Env('KAFKA_TLS_CA_FILE', "certificates (PEM) that may sign the brokers'; unset: those that Node trusts")
  kafkaTlsCaFile = '';

  @Env('KAFKA_TLS_CERT_FILE', 'certificate (PEM) of this client, where the brokers ask for one')
  kafkaTlsCertFile = '';

  @Env('KAFKA_TLS_KEY_FILE', 'its key (PEM)')
  kafkaTlsKeyFile = '';

  @Env('KAFKA_SASL_MECHANISM', 'how this client tells who it is: none, plain, scram-sha-256 or scram-sha-512')
  @IsIn(['none', 'plain', 'scram-sha-256', 'scram-sha-512'], {
    message: 'takes none, plain, scram-sha-256 or scram-sha-512',
  })
  kafkaSaslMechanism: 'none' | 'plain' | 'scram-sha-256' | 'scram-sha-512' = 'none';

  @Env('KAFKA_SASL_USERNAME', 'its name there')
  kafkaSaslUsername = '';

  @Env('KAFKA_SASL_PASSWORD_FILE', 'file with its password')
  kafkaSaslPasswordFile = '';
}
