// What runs where in a cluster on one machine: two of each program and a projector, each on a loopback address of its own with the ports that it has
// by default, all on the same engines. Pure; cluster.ts starts it.
import path from 'node:path';

export const APPS = [
  'bono',
  'sprout',
  'homestead',
  'homer',
  'homestead-prov',
  'ellis',
  'chronos',
  'ralf',
  'projector',
  'rogers',
] as const;
export type App = (typeof APPS)[number];

/** Last number of the first one's address; the second one's is one more. */
const FIRST: Readonly<Record<App, number>> = {
  bono: 11,
  sprout: 21,
  homestead: 31,
  'homestead-prov': 41,
  homer: 51,
  projector: 61,
  chronos: 71,
  ralf: 81,
  rogers: 91,
  ellis: 101,
};
const MANAGEMENT_PORTS: Readonly<Record<App, number>> = {
  bono: 9887,
  sprout: 9889,
  homestead: 8886,
  'homestead-prov': 8887,
  homer: 7889,
  projector: 8893,
  chronos: 7254,
  ralf: 10889,
  rogers: 11312,
  ellis: 8081,
};
/** How many there are of each: one projector keeps the views, and a rebuild is asked of it; Ralf is for who has a CDF. Without Rogers memcached is asked itself. */
export const EACH: Readonly<Record<App, number>> = {
  bono: 2,
  sprout: 2,
  homestead: 2,
  'homestead-prov': 2,
  homer: 2,
  projector: 1,
  chronos: 2,
  ralf: 0,
  rogers: 2,
  ellis: 2,
};

/** Addresses of the engines, as docker/services/up.sh prints them. */
export type EngineAddresses = Readonly<{
  kafka: readonly string[];
  memcached: readonly string[];
  cassandra: readonly string[];
  etcd: readonly string[];
}>;

export type ClusterOptions = Readonly<{
  /** The first three numbers of every address: `127.0.0`. */
  network: string;
  /** Keys, data folders and output of the processes. */
  folder: string;
  engines: EngineAddresses;
  /** Before all that is kept in the engines: small letters and digits. */
  name: string;
  /** At least 16 characters. */
  apiKey: string;
  /** Who knows it may make an account at any Ellis. Without one each makes its own. */
  signupCode?: string;
  /** Other numbers of each than EACH. */
  each?: Readonly<Partial<Record<App, number>>>;
  /** Processes of each edge and each router. Default 1. */
  workers?: number;
  /** Each edge asks the router of its own number only: for tests that must know which. Default: any, at random. */
  isPinned?: boolean;
  /** For all of them, over what is here. */
  env?: Readonly<Record<string, string>>;
}>;

export type Member = Readonly<{
  /** `bono-1`. */
  name: string;
  app: App;
  address: string;
  managementUrl: string;
  folder: string;
  env: Readonly<Record<string, string>>;
}>;

export const addressOf = (network: string, app: App, number: number): string =>
  `${network}.${FIRST[app] + number - 1}`;

type Sizes = Pick<ClusterOptions, 'each'>;

const numbersOf = (app: App, { each }: Sizes): readonly number[] =>
  Array.from({ length: each?.[app] ?? EACH[app] }, (_, i) => i + 1);

/** Names of the deployment, as in hosts(5): the one of all that answer to it, and each one's own. */
export const hostsText = (network: string, sizes: Sizes = {}): string =>
  APPS.flatMap((app) =>
    numbersOf(app, sizes).map((number) => `${addressOf(network, app, number)} ${app} ${app}-${number}\n`),
  ).join('');

/** Rogers where there are any, each of which has all keys. */
const cacheEnv = (options: ClusterOptions): Record<string, string> => {
  const { engines, network } = options;
  const rogers = numbersOf('rogers', options).map(
    (number) => `${addressOf(network, 'rogers', number)}:11311`,
  );
  if (rogers.length === 0) return { MEMCACHED_SERVERS: engines.memcached.join(',') };
  return {
    MEMCACHED_SERVERS: rogers.join(','),
    MEMCACHED_ALIKE: '1',
    ROGERS_SERVERS: engines.memcached.join(','),
  };
};

const enginesEnv = (options: ClusterOptions): Record<string, string> => ({
  EVENT_LOG: 'kafka',
  KAFKA_BROKERS: options.engines.kafka.join(','),
  KAFKA_SINGLE: options.engines.kafka.length < 3 ? '1' : '0',
  KAFKA_TOPIC_PREFIX: options.name,
  VIEW_STORE: 'memcached',
  ...cacheEnv(options),
  VIEW_GENERATION: options.name,
  SUBSCRIBER_STORE: 'cassandra',
  CASSANDRA_CONTACT_POINTS: options.engines.cassandra.join(','),
  CASSANDRA_KEYSPACE: options.name,
  SHARED_CONFIG: 'etcd',
  ETCD_ENDPOINTS: options.engines.etcd.join(','),
  ETCD_PREFIX: `/${options.name}`,
});

/** So many connections to a router of several processes that each of them gets some. */
const CONNECTIONS_A_WORKER = 4;

const ownEnv = (
  { isPinned, workers = 1, network, signupCode = '' }: ClusterOptions,
  app: App,
  number: number,
): Record<string, string> => {
  switch (app) {
    case 'bono':
      return {
        SPROUT_ADDRESS: isPinned ? `sprout-${number}` : 'sprout',
        BONO_TRUSTED_HOST: `bono-${number}`,
        SPROUT_CONNECTIONS: String(workers === 1 ? 1 : CONNECTIONS_A_WORKER * workers),
        WORKERS: String(workers),
      };
    case 'sprout':
      return {
        HOMESTEAD_URL: 'http://homestead:8888',
        HOMER_URL: 'http://homer:7888',
        WORKERS: String(workers),
      };
    case 'ellis':
      return {
        HOMESTEAD_PROV_URL: 'http://homestead-prov:8889',
        HOMER_URL: 'http://homer:7888',
        SPROUT_HTTP_URL: 'http://sprout:9888',
        CHRONOS_URL: 'http://chronos:7253',
        PROJECTOR_URL: 'http://projector:8892',
        // A browser knows no names of this cluster.
        ELLIS_WEBSOCKET_URLS: `ws://${addressOf(network, 'bono', number)}:5062`,
        SIGNUP_CODE: signupCode,
      };
    case 'homer':
      return { HOMESTEAD_URL: 'http://homestead:8888' };
    case 'ralf':
      // One machine has one name, and each node on Rf another one.
      return { RALF_DIAMETER_HOST: `ralf-${number}.ims.test` };
    case 'homestead':
      // On Cx likewise: an HSS takes two connections of one name for one peer that came again.
      return { DIAMETER_HOST: `homestead-${number}.ims.test` };
    case 'homestead-prov':
    case 'projector':
    case 'chronos':
    case 'rogers':
      return {};
  }
};

const memberOf = (options: ClusterOptions, app: App, number: number): Member => {
  const name = `${app}-${number}`;
  const address = addressOf(options.network, app, number);
  const folder = path.join(options.folder, name);
  return {
    name,
    app,
    address,
    managementUrl: `http://${address}:${MANAGEMENT_PORTS[app]}`,
    folder,
    env: {
      ...enginesEnv(options),
      BIND_ADDRESS: address,
      DATA_DIR: path.join(folder, 'data'),
      HOSTS_FILE: path.join(options.folder, 'hosts'),
      // Only the names of that file.
      DNS_SERVERS: '',
      // The same for all: what one has sealed or signed the others read.
      MASTER_KEY_FILE: path.join(options.folder, 'master.key'),
      DIALOG_KEY_FILE: path.join(options.folder, 'dialog.key'),
      API_KEYS: options.apiKey,
      ...ownEnv(options, app, number),
      ...options.env,
    },
  };
};

const STARTED: readonly App[] = [
  'rogers',
  'homestead-prov',
  'homer',
  'homestead',
  'sprout',
  'bono',
  'projector',
  'chronos',
  'ralf',
  'ellis',
];

/** All members: Rogers; then one that makes topics and schema, and is to be ready before the others start. */
export const planCluster = (options: ClusterOptions): readonly Member[] =>
  [...STARTED].flatMap((app) => numbersOf(app, options).map((number) => memberOf(options, app, number)));
