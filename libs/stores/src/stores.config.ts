// Which stores a program keeps its views in, and where these are. One class, read by every program that has views.
// Read by apps/clearwater and by each app that runs alone with stores that several share.
import {
  ArrayMaxSize,
  ArrayUnique,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { Env } from '#libs/runtime';

const SERVER = /^[\w.-]{1,253}:\d{1,5}$/;
const HOST = /^[\w.:[\]-]{1,253}$/;
const TIMEOUT = { message: 'takes whole milliseconds, 10 to 60000' };

export class StoresConfig {
  @Env(
    'VIEW_STORE',
    'where registrations and challenges are kept: embedded (memory, rebuilt from the log), or memcached (shared by several processes)',
  )
  @IsIn(['embedded', 'memcached'], { message: 'takes embedded or memcached' })
  viewStore: 'embedded' | 'memcached' = 'embedded';

  @Env('MEMCACHED_SERVERS', 'memcached servers of VIEW_STORE=memcached, host:port each; run them with -M', {
    kind: 'list',
  })
  @ArrayUnique({ message: 'takes each server once' })
  @ArrayMaxSize(32, { message: 'takes at most 32 servers' })
  @Matches(SERVER, { each: true, message: 'takes host:port, comma-separated' })
  memcachedServers: string[] = ['127.0.0.1:11211'];

  @Env(
    'MEMCACHED_ALIKE',
    'MEMCACHED_SERVERS are Rogers, each of which has all keys: whichever answers is asked',
    { kind: 'boolean' },
  )
  @IsBoolean({ message: 'takes 1 or 0' })
  memcachedAlike = false;

  @Env('MEMCACHED_TIMEOUT_MS', 'how long memcached may take for an answer, ms; then it is a fault')
  @IsInt(TIMEOUT)
  @Min(10, TIMEOUT)
  @Max(60_000, TIMEOUT)
  memcachedTimeoutMs = 500;

  @Env(
    'VIEW_GENERATION',
    'names what memcached holds: the same for all processes on one log, another after the log was replaced',
    { defaultText: 'made in DATA_DIR' },
  )
  @Matches(/^[a-z0-9-]{0,32}$/, { message: 'takes up to 32 small letters, digits and hyphens' })
  viewGeneration = '';

  @Env(
    'SUBSCRIBER_STORE',
    'where subscribers and credentials are kept: embedded (SQLite in DATA_DIR), or cassandra',
  )
  @IsIn(['embedded', 'cassandra'], { message: 'takes embedded or cassandra' })
  subscriberStore: 'embedded' | 'cassandra' = 'embedded';

  @Env('CASSANDRA_CONTACT_POINTS', 'some nodes of the Cassandra cluster, host or host:port each', {
    kind: 'list',
  })
  @Matches(HOST, { each: true, message: 'takes hosts, comma-separated' })
  cassandraContactPoints: string[] = ['127.0.0.1'];

  @Env('CASSANDRA_DATA_CENTER', 'the data centre of Cassandra that this process is in')
  @Matches(/^[\w.-]{1,100}$/, { message: 'takes the name of a data centre' })
  cassandraDataCenter = 'datacenter1';

  @Env('CASSANDRA_KEYSPACE', 'keyspace of this core; made at the first start')
  @Matches(/^[a-z][a-z0-9_]{0,47}$/, { message: 'takes small letters, digits and underscores' })
  cassandraKeyspace = 'clearwater';

  @Env(
    'CASSANDRA_REPLICATION',
    'replicas a data centre for a keyspace that is made, as dc1:3,dc2:3; nothing: up to 3 in CASSANDRA_DATA_CENTER',
    { kind: 'list' },
  )
  @Matches(/^[\w.-]+:[1-9]$/, { each: true, message: 'takes data centre:replicas, comma-separated' })
  cassandraReplication: string[] = [];

  @Env('CASSANDRA_TIMEOUT_MS', 'how long Cassandra may take for an answer, ms; then it is a fault')
  @IsInt(TIMEOUT)
  @Min(10, TIMEOUT)
  @Max(60_000, TIMEOUT)
  cassandraTimeoutMs = 2_000;

  @Env('CASSANDRA_USERNAME', 'user of Cassandra; nothing: no authentication')
  cassandraUsername = '';

  @Env('CASSANDRA_PASSWORD', 'password of CASSANDRA_USERNAME', { secret: true })
  cassandraPassword = '';

  @Env('CASSANDRA_TLS_CA_FILE', 'authorities that sign the nodes’ certificates, PEM; nothing: no TLS')
  cassandraTlsCaFile = '';

  @Env('CASSANDRA_TLS_CERT_FILE', 'own certificate for Cassandra, PEM, where it asks for one')
  @IsOptional()
  cassandraTlsCertFile = '';

  @Env('CASSANDRA_TLS_KEY_FILE', 'key of CASSANDRA_TLS_CERT_FILE, PEM')
  @IsOptional()
  cassandraTlsKeyFile = '';
}
