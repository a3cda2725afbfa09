// The way to a Cassandra cluster: prepared, token-aware, LOCAL_QUORUM, a second replica asked when the first is slow.
// Clearwater spoke Thrift to Cassandra, which is gone since 4.0: this is CQL. Used by the stores beside it; opened once a process.
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { Client, types } from 'cassandra-driver';
import type { Clock, Random } from '#libs/runtime';
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { CassandraDatabase, CqlValue } from './cassandra-database.port.js';
import { migrate } from './cassandra-migrations.js';
import { InFlight } from './in-flight.js';

/** A call that takes longer is answered with StoreUnavailable. */
export const CASSANDRA_TIMEOUT_MS = 2_000;
/** A call waits for its turn for so many times that: it was not sent then, and whoever asked has given up soon. */
const TURN_TIMEOUTS = 2;
/** Speculative reads and writes that may be repeated: a second replica after this, and no third. */
const SPECULATIVE_AFTER_MS = 100;
const SPECULATIVE_MAX = 1;
const CONNECT_MS = 5_000;
/** Copies that a keyspace is made with where the data centre has as many nodes. */
const REPLICAS = 3;

export type CassandraOptions = Readonly<{
  /** host or host:port each. */
  contactPoints: readonly string[];
  localDataCenter: string;
  /** Made when it is not there. */
  keyspace: string;
  /** Replicas a data centre, for a keyspace that is made now: `{ datacenter1: 3 }`. */
  replication?: Readonly<Record<string, number>>;
  username?: string;
  password?: string;
  /** Files: certificate authority, own certificate and key. Absent: no TLS. */
  tls?: Readonly<{ caFile?: string; certFile?: string; keyFile?: string }>;
  clock: Clock;
  random: Random;
  timeoutMs?: number;
}>;

const tlsOptions = ({
  caFile,
  certFile,
  keyFile,
}: NonNullable<CassandraOptions['tls']>): ConnectionOptions => ({
  rejectUnauthorized: true,
  ...(caFile === undefined ? {} : { ca: [readFileSync(caFile)] }),
  ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
  ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
});

/** Loaded when it is used: it takes a tenth of a second and 18 MB. */
const loadDriver = async () => (await import('cassandra-driver')).default;
type Driver = Awaited<ReturnType<typeof loadDriver>>;

const clientOf = ({ Client, policies, types }: Driver, options: CassandraOptions): Client =>
  new Client({
    contactPoints: [...options.contactPoints],
    localDataCenter: options.localDataCenter,
    ...(options.username === undefined
      ? {}
      : { credentials: { username: options.username, password: options.password ?? '' } }),
    ...(options.tls === undefined ? {} : { sslOptions: tlsOptions(options.tls) }),
    encoding: { useBigIntAsLong: true },
    policies: {
      // The driver's default is token-aware within the local data centre.
      loadBalancing: new policies.loadBalancing.TokenAwarePolicy(
        new policies.loadBalancing.DCAwareRoundRobinPolicy(options.localDataCenter),
      ),
      speculativeExecution: new policies.speculativeExecution.ConstantSpeculativeExecutionPolicy(
        SPECULATIVE_AFTER_MS,
        SPECULATIVE_MAX,
      ),
      // A node that comes back is used again within seconds; the driver's own wait grows to minutes.
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(1_000),
    },
    socketOptions: {
      connectTimeout: CONNECT_MS,
      readTimeout: options.timeoutMs ?? CASSANDRA_TIMEOUT_MS,
    },
    protocolOptions: { maxSchemaAgreementWaitSeconds: 20 },
    queryOptions: {
      consistency: types.consistencies.localQuorum,
      serialConsistency: types.consistencies.localSerial,
      prepare: true,
    },
  });

/** Replicas for a keyspace made now: as many as the data centre has nodes, at most three. */
const replicationFor = (client: Client, options: CassandraOptions): Readonly<Record<string, number>> => {
  if (options.replication !== undefined) return options.replication;
  const local = client.hosts.values().filter(({ datacenter }) => datacenter === options.localDataCenter);
  return { [options.localDataCenter]: Math.max(1, Math.min(REPLICAS, local.length)) };
};

/** Connects and brings the schema up to this program's. Rejects with StoreUnavailable when the cluster does not answer. */
export const openCassandra = async (options: CassandraOptions): Promise<CassandraDatabase> => {
  const { keyspace } = options;
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace)) throw new RangeError(`${keyspace} is not a keyspace's name`);
  const driver = await loadDriver();
  const client = clientOf(driver, options);
  const database = databaseOf(driver, client, options);
  try {
    await client.connect();
    const replication = replicationFor(client, options);
    // Changes of the schema take longer than rows do, and are never prepared.
    const change = async (cql: string): Promise<void> => {
      await client.execute(cql, [], { prepare: false, readTimeout: 30_000 });
    };
    await migrate({ ...options, database, change, replication });
    return database;
  } catch (error) {
    await client.shutdown().catch(() => undefined);
    throw unavailable(error);
  }
};

const databaseOf = (
  { types: { consistencies } }: Driver,
  client: Client,
  options: CassandraOptions,
): CassandraDatabase => {
  const { clock, timeoutMs = CASSANDRA_TIMEOUT_MS } = options;
  const inFlight = new InFlight(clock, TURN_TIMEOUTS * timeoutMs);
  /** The driver's own time-out is one a node, and it goes from node to node. */
  const within = async <T>(done: Promise<T>): Promise<T> => {
    let cancel = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(timeoutMs, () => reject(new Error(`no answer in ${timeoutMs} ms`)));
    });
    try {
      return await Promise.race([done, late]);
    } catch (error) {
      throw unavailable(error);
    } finally {
      cancel();
    }
  };
  const run = (cql: string, params: readonly CqlValue[], more: object): Promise<types.ResultSet> =>
    inFlight.run(() => within(client.execute(cql, [...params], more)));
  return {
    keyspace: options.keyspace,
    read: async (cql, params) => (await run(cql, params, { isIdempotent: true })).rows,
    async page(cql, params, size, from) {
      const paging = {
        isIdempotent: true,
        fetchSize: size,
        ...(from === undefined ? {} : { pageState: from }),
      };
      const { rows, pageState } = await run(cql, params, paging);
      return { rows, next: pageState ?? undefined };
    },
    async write(cql, params) {
      await run(cql, params, { isIdempotent: true });
    },
    async decide(cql, params) {
      const result = await run(cql, params, {});
      return { applied: result.wasApplied(), row: result.first() ?? undefined };
    },
    readDecided: async (cql, params) =>
      (await run(cql, params, { consistency: consistencies.localSerial, isIdempotent: true })).rows,
    close: () => client.shutdown(),
  };
};

/** Whatever a cluster answers but rows is no answer about a row. */
const unavailable = (error: unknown): Error => {
  if (error instanceof StoreUnavailable || error instanceof RangeError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new StoreUnavailable(`Cassandra: ${reason}`, { cause: error });
};
