// A cluster under measurement: two of each program on loopback addresses of its own, on engines of its own, with subscribers. All of it ends
// with it. Used by accept.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { addressOf, type Cluster, type ClusterOptions, startCluster } from '#apps/cluster';
import { systemClock as clock } from '#libs/runtime';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { API_KEY, cleanEnv, SIGNUP_CODE, type Site } from './product.js';
import { inRepository } from './root.js';
import { PASSWORD } from './users.js';

/** Each member has an address of its own, and the ports that its program has by default. */
const PORTS: Site['ports'] = {
  BONO_PORT: 5060,
  BONO_TLS_PORT: 5061,
  BONO_WS_PORT: 5062,
  BONO_WSS_PORT: 5063,
  HOMESTEAD_PROV_PORT: 8889,
  HOMER_PORT: 7888,
  ELLIS_PORT: 8080,
};

const PROVISION_MS_MAX = 600_000;
const run = promisify(execFile);

export interface BenchCluster {
  readonly cluster: Cluster;
  readonly kafka: RealEngine;
  readonly engines: Readonly<Record<EngineName, RealEngine>>;
  /** Before all that it keeps in the engines. */
  readonly name: string;
  /** Address of the n-th edge, from 1; its port for clients is 5060. */
  bono(number: number): string;
  /** The deployment as it is reached through the n-th of each program. */
  site(number: number): Site;
  /** a000000, …, and as many b000000, …; their password is PASSWORD. */
  provision(count: number): Promise<void>;
  /** What members that nobody stopped have said at last. */
  readonly endedByThemselves: readonly string[];
}

export type EngineName = 'kafka' | 'memcached' | 'cassandra' | 'etcd';

export type Places = Pick<ClusterOptions, 'engines' | 'network' | 'folder' | 'each'>;

export type BenchClusterOptions = Readonly<{
  kafkaNodes: number;
  /** Default 2. */
  memcachedNodes?: number;
  /** Each edge asks the router of its own number only. */
  isPinned: boolean;
  /** As of the cluster's plan. */
  each?: ClusterOptions['each'];
  workers?: number;
  env?: Readonly<Record<string, string>>;
  /** The folder with the built programs of another version, that it begins with. */
  programs?: string;
  /** For the scripts that start the engines. */
  enginesEnv?: Readonly<Record<string, string>>;
  /** Variables that depend on where engines and programs are: of what stands between, for one. Over `env`. */
  envOf?: (places: Places) => Promise<Readonly<Record<string, string>>>;
}>;

const provisionUsers = async (network: string, folder: string, count: number): Promise<void> => {
  const tool = inRepository('dist/apps/homestead-prov/src/cli/provision.js');
  const url = `http://${addressOf(network, 'homestead-prov', 1)}:8889`;
  const who = ['--count', String(count), '--prefix', 'a', '--peer-prefix', 'b', '--password', PASSWORD];
  await run(process.execPath, [tool, ...who, '--url', url, '--csv', path.join(folder, 'users.csv')], {
    env: { ...cleanEnv(), API_KEY },
    timeout: PROVISION_MS_MAX,
  });
};

const siteAt = (network: string, number: number): Site => ({
  ports: PORTS,
  hosts: {
    BONO_PORT: addressOf(network, 'bono', number),
    HOMESTEAD_PROV_PORT: addressOf(network, 'homestead-prov', number),
    HOMER_PORT: addressOf(network, 'homer', number),
    ELLIS_PORT: addressOf(network, 'ellis', number),
  },
  env: {},
});

type Started = { engines: RealEngine[]; cluster?: Cluster };

const start = async (
  options: BenchClusterOptions,
  folder: string,
  started: Started,
): Promise<BenchCluster> => {
  const begin = async (engine: string, nodes: number): Promise<RealEngine> => {
    const one = await startRealEngine(engine, nodes, options.enginesEnv);
    started.engines.push(one);
    return one;
  };
  const kafka = await begin('kafka', options.kafkaNodes);
  const [memcached, cassandra, etcd] = [
    await begin('memcached', options.memcachedNodes ?? 2),
    await begin('cassandra', 1),
    await begin('etcd', 1),
  ];
  const engines = {
    kafka: kafka.endpoints,
    memcached: memcached.endpoints,
    cassandra: cassandra.endpoints,
    etcd: etcd.endpoints,
  };
  const network = `127.${1 + (process.pid % 200)}.${1 + ((process.pid >> 8) % 250)}`;
  const programs = options.programs ?? inRepository('dist');
  const name = `bench${process.pid}`;
  const endedByThemselves: string[] = [];
  // The portal only where it is looked at: it takes memory, and time of start.
  const each = { ellis: 0, ...options.each };
  const cluster = await startCluster(
    {
      network,
      folder,
      engines,
      name,
      apiKey: API_KEY,
      signupCode: SIGNUP_CODE,
      isPinned: options.isPinned,
      each,
      ...(options.workers === undefined ? {} : { workers: options.workers }),
      env: {
        CASSANDRA_TIMEOUT_MS: '10000',
        ...options.env,
        ...(await options.envOf?.({ engines, network, folder, each })),
      },
    },
    {
      clock,
      programs,
      onEnded: ({ member, ending, output }) => endedByThemselves.push(`${member.name} ${ending}: ${output}`),
    },
  );
  started.cluster = cluster;
  return {
    cluster,
    kafka,
    engines: { kafka, memcached, cassandra, etcd },
    name,
    endedByThemselves,
    bono: (number) => addressOf(network, 'bono', number),
    site: (number) => siteAt(network, number),
    provision: (count) => provisionUsers(network, folder, count),
  };
};

/** Runs `use` on it, and ends all of it. */
export const withCluster = async (
  options: BenchClusterOptions,
  use: (cluster: BenchCluster) => Promise<void>,
): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cluster-'));
  const started: Started = { engines: [] };
  try {
    await use(await start(options, folder, started));
  } finally {
    await started.cluster?.stop();
    for (const engine of started.engines) await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
