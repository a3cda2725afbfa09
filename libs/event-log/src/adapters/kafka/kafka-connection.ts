// kafkajs as this adapter uses it: a client with sockets of its own, so that ending it ends them at once, and fetches from chosen
// offsets without a consumer group. kafkajs has such fetches (its own consumer is built on them), and does not publish them: what is used of
// them is written down here as types, and the version is pinned. Used by the lane of appends, readers, followers and topics.
import net from 'node:net';
import tls from 'node:tls';
import kafkajs, { type Kafka, type KafkaConfig, type SASLOptions } from 'kafkajs';
import type { FetchedRecord } from './cloud-events.js';

export type TlsOptions = Readonly<{ ca?: readonly Buffer[]; cert?: Buffer; key?: Buffer }>;

export type KafkaBrokers = Readonly<{
  /** `host:port` of some brokers of the cluster; the others are learned from them. */
  brokers: readonly string[];
  clientId: string;
  /** Absent: plain TCP. */
  tls?: TlsOptions;
  sasl?: SASLOptions;
  /** Where a connection to a broker's address goes instead: a test's proxy. */
  redirect?: (host: string, port: number) => Readonly<{ host: string; port: number }>;
}>;

/** One partition of a fetch's answer. */
export type FetchedPartition = Readonly<{
  partition: number;
  highWatermark: string;
  messages: readonly (FetchedRecord & Readonly<{ isControlRecord?: boolean }>)[];
}>;

export type FetchRequest = Readonly<{
  maxWaitTime: number;
  minBytes: number;
  maxBytes: number;
  isolationLevel: number;
  topics: readonly Readonly<{
    topic: string;
    partitions: readonly Readonly<{ partition: number; fetchOffset: string; maxBytes: number }>[];
  }>[];
}>;

export interface FetchBroker {
  fetch(request: FetchRequest): Promise<
    Readonly<{
      responses: readonly Readonly<{ topicName: string; partitions: readonly FetchedPartition[] }>[];
    }>
  >;
}

export interface FetchCluster {
  connect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findTopicPartitionMetadata(
    topic: string,
  ): readonly Readonly<{ partitionId: number; leader: number | null }>[];
  findBroker(node: Readonly<{ nodeId: string }>): Promise<FetchBroker>;
  fetchTopicsOffset(
    topics: readonly Readonly<{
      topic: string;
      partitions: readonly Readonly<{ partition: number }>[];
      fromBeginning: boolean;
    }>[],
  ): Promise<
    readonly Readonly<{
      topic: string;
      partitions: readonly Readonly<{ partition: number; offset: string }>[];
    }>[]
  >;
}

/** Reads that see every record as soon as it is acknowledged: nothing here writes in transactions. */
export const READ_UNCOMMITTED = 0;

const CONNECTION_TIMEOUT_MS = 1_000;
/** The broker's own limit of how old metadata may be; an error makes a new connection with new metadata anyway. */
const METADATA_MAX_AGE_MS = 300_000;

type CreateCluster = (options: object) => FetchCluster;

export class KafkaConnection {
  readonly kafka: Kafka;
  private readonly sockets = new Set<net.Socket>();
  private isEnded = false;

  constructor({ brokers, clientId, tls: ssl, sasl, redirect }: KafkaBrokers, requestTimeoutMs: number) {
    const config: KafkaConfig = {
      brokers: [...brokers],
      clientId,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      authenticationTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      retry: { retries: 0 },
      // What goes wrong is an error to whoever asked, and reported there.
      logLevel: kafkajs.logLevel.NOTHING,
      socketFactory: ({ host, port, ssl: options, onConnect }) => {
        const to = redirect?.(host, port) ?? { host, port };
        const socket = options
          ? tls.connect({ ...to, ...(net.isIP(host) ? {} : { servername: host }), ...options }, onConnect)
          : net.connect(to, onConnect);
        socket.setNoDelay(true);
        this.sockets.add(socket);
        socket.on('close', () => this.sockets.delete(socket));
        if (this.isEnded) socket.destroy();
        return socket;
      },
    };
    if (ssl) config.ssl = { ...ssl, ca: ssl.ca === undefined ? undefined : [...ssl.ca] };
    if (sasl) config.sasl = sasl;
    this.kafka = new kafkajs.Kafka(config);
  }

  /** What fetches: kafkajs' inner part, with this client's settings. */
  cluster(): FetchCluster {
    const key = Object.getOwnPropertySymbols(this.kafka).find(
      ({ description }) => description === 'private:Kafka:createCluster',
    );
    if (key === undefined)
      throw new Error('this is not the kafkajs that this adapter was written for (2.2.4)');
    const create = (this.kafka as unknown as Readonly<Record<symbol, CreateCluster>>)[key];
    if (!create) throw new Error('kafkajs makes no cluster');
    return create({
      metadataMaxAge: METADATA_MAX_AGE_MS,
      allowAutoTopicCreation: false,
      isolationLevel: READ_UNCOMMITTED,
    });
  }

  /** Ends every socket at once: what was not answered never will be. */
  destroy(): void {
    this.isEnded = true;
    for (const socket of this.sockets) socket.destroy(new Error('the client ended this connection'));
  }
}

/** What kafkajs throws, unwrapped from its wrappers: the broker's error type, if a broker said so. */
export const brokerErrorOf = (error: unknown): string | undefined => {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('type' in each && typeof each.type === 'string') return each.type;
  }
  return undefined;
};

export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
