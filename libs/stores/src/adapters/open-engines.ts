// The engines that the configuration names, opened together and closed with the process; nothing where all is embedded.
// Used by the start-up of the all-in-one and of each app alone.
import { type ProcessParts, StartRefused } from '#libs/runtime';
import { type MemcachedCluster, openMemcached } from './memcached/memcached-cluster.js';
import type { CassandraDatabase } from './cassandra/cassandra-database.port.js';
import { type CassandraOptions, openCassandra } from './cassandra/cassandra-database.js';
import { StoreUnavailable } from '../key-value-store.port.js';
import type { StoresConfig } from '../stores.config.js';

export type Engines = Readonly<{ memcached?: MemcachedCluster; cassandra?: CassandraDatabase }>;

/** A node that has just been started takes so long to answer. */
const CONNECT_TRIES_MAX = 30;
const CONNECT_WAIT_MS = 1_000;

/** Rejects with StartRefused when Cassandra does not answer for half a minute. */
export const openEngines = async (config: StoresConfig, parts: ProcessParts): Promise<Engines> => {
  const { clock, shutdown } = parts;
  const engines: { memcached?: MemcachedCluster; cassandra?: CassandraDatabase } = {};
  if (config.viewStore === 'memcached') {
    const { memcachedServers: servers, memcachedTimeoutMs: timeoutMs, memcachedAlike: areAlike } = config;
    const memcached = openMemcached({ servers, timeoutMs, clock, areAlike });
    shutdown.on('close', 'memcached', () => Promise.resolve(memcached.close()));
    engines.memcached = memcached;
  }
  if (config.subscriberStore === 'cassandra') {
    const cassandra = await connectCassandra(config, parts);
    shutdown.on('close', 'cassandra', () => cassandra.close());
    engines.cassandra = cassandra;
  }
  return engines;
};

/** What the configuration says of a Cassandra cluster. */
export const cassandraOptions = (
  config: StoresConfig,
  { clock, random }: Pick<ProcessParts, 'clock' | 'random'>,
): CassandraOptions => {
  const { cassandraReplication, cassandraUsername, cassandraTlsCaFile } = config;
  const { cassandraTlsCertFile: certFile, cassandraTlsKeyFile: keyFile } = config;
  return {
    contactPoints: config.cassandraContactPoints,
    localDataCenter: config.cassandraDataCenter,
    keyspace: config.cassandraKeyspace,
    timeoutMs: config.cassandraTimeoutMs,
    clock,
    random,
    ...(cassandraReplication.length === 0 ? {} : { replication: replicationIn(cassandraReplication) }),
    ...(cassandraUsername === '' ? {} : { username: cassandraUsername, password: config.cassandraPassword }),
    ...(cassandraTlsCaFile === ''
      ? {}
      : {
          tls: {
            caFile: cassandraTlsCaFile,
            ...(certFile === '' ? {} : { certFile }),
            ...(keyFile === '' ? {} : { keyFile }),
          },
        }),
  };
};

const connectCassandra = async (config: StoresConfig, parts: ProcessParts): Promise<CassandraDatabase> => {
  const { clock, logger } = parts;
  const options = cassandraOptions(config, parts);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openCassandra(options);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (attempt === CONNECT_TRIES_MAX) throw new StartRefused(error.message, { cause: error });
      if (attempt === 1) logger.warn({ part: 'cassandra' }, `${error.message}; trying again`);
      await new Promise<void>((resolve) => void clock.after(CONNECT_WAIT_MS, resolve));
    }
  }
};

const replicationIn = (entries: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    entries.map((entry) => {
      const at = entry.lastIndexOf(':');
      return [entry.slice(0, at), Number(entry.slice(at + 1))] as const;
    }),
  );
