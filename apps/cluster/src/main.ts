// `npm run cluster`: two of each program as processes on loopback addresses, on Kafka, memcached, Cassandra and etcd.
// It tells what runs where and what to try; Ctrl-C stops all of it in order.
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { isLoopback, makePrivateFile, readPrivateFile, systemClock, systemRandom } from '#libs/runtime';
import { startCluster } from './cluster.js';
import { addressOf } from './cluster-plan.js';
import { provisionDemo } from './demo.js';
import { startEngines } from './engines.js';
import { clusterBanner } from './cluster-banner.js';

const ROOT = path.resolve(import.meta.dirname, '../../../..');
const PROGRAMS = path.join(ROOT, 'dist');
const API_KEY_CHARACTERS = 40;
const CODE_CHARACTERS = 8;

const network = (text: string): string => {
  if (/^127(\.\d{1,3}){2}$/.test(text) && isLoopback(`${text}.1`)) return text;
  throw new InvalidArgumentError('Takes the first three numbers of loopback addresses, 127.0.0 for one.');
};

const options = new Command('cluster')
  .description('Two of each program as processes on loopback addresses, on real engines.')
  .option('--network <127.a.b>', 'the first three numbers of their addresses', network, '127.0.0')
  .option('--folder <folder>', 'their keys, data and output', 'data/cluster')
  .parse()
  .opts<{ network: string; folder: string }>();

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const folder = path.resolve(options.folder);
/** Made at the first start, and kept. */
const keptSecret = (name: string, characters: number): string => {
  const file = path.join(folder, name);
  makePrivateFile(file, `${systemRandom.token(characters)}\n`);
  return readPrivateFile(file)?.toString().trim() ?? '';
};
const apiKey = keptSecret('api-key', API_KEY_CHARACTERS);
const signupCode = keptSecret('signup-code', CODE_CHARACTERS);

say(
  'Kafka, memcached, Cassandra, etcd: starting what does not run yet; the first time they are downloaded …',
);
const stopAll: (() => Promise<unknown>)[] = [];
let isStopping = false;
const stop = async (code: number): Promise<void> => {
  if (isStopping) return;
  isStopping = true;
  say('stopping …');
  for (const one of stopAll.reverse()) await one();
  process.exit(code);
};
// From the beginning: a start takes a minute, and what has begun would go on without anybody. Members end with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(0));
const engines = await startEngines(path.join(ROOT, 'docker/services'));
stopAll.push(engines.stop);
try {
  say('Two of each program …');
  const cluster = await startCluster(
    {
      network: options.network,
      folder,
      engines: engines.addresses,
      name: 'cluster',
      apiKey,
      signupCode,
      // With a CDF in CDF_PEERS, which each program inherits.
      each: process.env['CDF_PEERS'] ? { ralf: 2 } : {},
    },
    {
      clock: systemClock,
      programs: PROGRAMS,
      onEnded: ({ member, ending, output }) => say(`${member.name} ended (${ending}): ${output}`),
    },
  );
  stopAll.push(() => cluster.stop());
  const url = `http://${addressOf(options.network, 'homestead-prov', 1)}:8889`;
  const demo = await provisionDemo({ folder, programs: PROGRAMS, url, apiKey, random: systemRandom });
  say(clusterBanner({ cluster, engines: engines.addresses, demo, folder, url, signupCode }));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await stop(1);
}
