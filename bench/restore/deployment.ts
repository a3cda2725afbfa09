// A deployment that goes back to a moment: the all-in-one on a log on Kafka, views in memcached, subscribers and credentials in Cassandra, and an archive, all
// under a name of its own, so that the one that is restored finds nothing there. Used by accept 8.4.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { type Child, startChild, until } from '../harness/children.js';
import { freePort } from '../harness/ports.js';
import { cleanEnv, createProduct, type Product, SIGNUP_CODE } from '../harness/product.js';
import { inRepository } from '../harness/root.js';

export type Engines = Readonly<Record<'kafka' | 'memcached' | 'cassandra', RealEngine>>;

export interface Deployment {
  /** Before all that it keeps in the engines. */
  readonly name: string;
  /** Of its log. */
  readonly generation: number;
  readonly product: Product;
  readonly eventstoreUrl: string;
  /** All of it; nothing runs on. */
  stop(): Promise<number>;
}

/** Those that are started are in `started` also when it rejects. */
export const startEngines = async (started: RealEngine[]): Promise<Engines> => {
  const begin = async (engine: string, nodes: number): Promise<RealEngine> => {
    const one = await startRealEngine(engine, nodes);
    started.push(one);
    return one;
  };
  return { kafka: await begin('kafka', 1), memcached: await begin('memcached', 2), cassandra: await begin('cassandra', 1) };
}; // prettier-ignore

/** What of the environment says where things are, for programs and for commands alike. */
export const envOf = (engines: Engines, name: string, generation: number): Record<string, string> => ({
  EVENT_LOG: 'kafka',
  KAFKA_BROKERS: engines.kafka.endpoints.join(','),
  KAFKA_SINGLE: '1',
  KAFKA_TOPIC_PREFIX: name,
  KAFKA_GENERATION: String(generation),
  VIEW_STORE: 'memcached',
  MEMCACHED_SERVERS: engines.memcached.endpoints.join(','),
  VIEW_GENERATION: name,
  SUBSCRIBER_STORE: 'cassandra',
  CASSANDRA_CONTACT_POINTS: engines.cassandra.endpoints.join(','),
  CASSANDRA_KEYSPACE: name,
  CASSANDRA_TIMEOUT_MS: '10000',
});

/** The stand-in for EventStoreDB, empty: no real one runs here (docs/archive.md). */
const startArchive = async (folder: string): Promise<Readonly<{ url: string; child: Child }>> => {
  const port = await freePort();
  const main = inRepository('dist/libs/archive/src/adapters/eventstoredb/fake/main.fixture.js');
  const child = startChild(process.execPath, [main, String(port), path.join(folder, 'archive')]);
  await until('the stand-in to be ready', 30_000, () =>
    child.output().includes('ready') ? true : undefined,
  );
  return { url: `esdb://127.0.0.1:${port}?tls=false`, child };
};

export type DeploymentOptions = Readonly<{
  engines: Engines;
  name: string;
  generation: number;
  /** Where the keys are, the same for who is restored. */
  keys: string;
  /** Its own. */
  folder: string;
}>;

/** Resolves when it serves. */
export const startDeployment = async ({ engines, name, generation, keys, folder }: DeploymentOptions): Promise<Deployment> => {
  mkdirSync(folder, { recursive: true });
  const archive = await startArchive(folder);
  const product = await createProduct({
    env: {
      ...envOf(engines, name, generation),
      ARCHIVE: 'eventstoredb',
      EVENTSTORE_URL: archive.url,
      MASTER_KEY_FILE: path.join(keys, 'master.key'),
      DIALOG_KEY_FILE: path.join(keys, 'dialog.key'),
      FLOW_TOKEN_KEY_FILE: path.join(keys, 'flow-token.key'),
      SIGNUP_CODE,
      REG_MAX_EXPIRES: '7200',
    },
  });
  const stop = async (): Promise<number> => {
    const { code } = product.alive() ? await product.stop() : { code: -1 };
    await product.dispose();
    archive.child.signal('SIGKILL');
    await archive.child.exit;
    return code;
  };
  try {
    await product.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, generation, product, eventstoreUrl: archive.url, stop };
}; // prettier-ignore

/** A command of ours as an operator runs it; resolves with what it said, and rejects with that when it fails. */
export const runCommand = async (main: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<string> => {
  const child = startChild(process.execPath, [inRepository(main), ...words], { env: { ...cleanEnv(), ...env } });
  if ((await child.exit) !== 0) throw new Error(`${main} ${words.join(' ')}: ${child.ending()}\n${child.output().slice(-1_000)}`);
  return child.output();
}; // prettier-ignore
