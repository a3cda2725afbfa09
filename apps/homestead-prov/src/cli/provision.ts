// `npm run provision`: subscribers over the REST API of Homestead Prov, numbered ones or those of a bulk CSV; writes the CSV
// that the SIPp scenarios take. A second run changes nothing; one that was interrupted goes on.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { Listr } from 'listr2';
import { createHttpPool, createUndiciTransport, systemResolver } from '#libs/http-pool';
import { systemClock, systemRandom } from '#libs/runtime';
import {
  type BulkSubscriber,
  BULK_LINES_MAX,
  type BulkSim,
  isKey,
  numberedSubscribers,
  readBulkCsv,
  sippCsv,
} from './bulk-csv.js';
import { CONCURRENCY_MAX, describeSummary, runProvisioning, type Summary } from './provision-run.js';

type Options = Readonly<{
  count: number;
  password?: string;
  aka?: BulkSim;
  prefix: string;
  peerPrefix?: string;
  first: number;
  domain: string;
  import?: string;
  url: string;
  apiKey?: string;
  apiKeyFile?: string;
  ifc?: string;
  csv: string;
  concurrency: number;
}>;

/** Long for a busy machine: the tool has time. */
const ANSWER_MS = 10_000;

const integer =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Takes a whole number from ${min} to ${max}.`);
  };

const user = (text: string): string => {
  if (/^[a-z0-9_.-]{1,32}$/i.test(text)) return text;
  throw new InvalidArgumentError('Takes letters, digits, dot, dash and underscore.');
};

const sim = (text: string): BulkSim => {
  const [k, opc, more] = text.split(':');
  if (isKey(k) && isKey(opc) && more === undefined) return { k, opc };
  throw new InvalidArgumentError('Takes K and OPc, 32 hexadecimal digits each, with a colon between.');
};

const url = (text: string): string => {
  if (/^http:\/\/[^/?#]+\/?$/.test(text)) return text.replace(/\/$/, '');
  throw new InvalidArgumentError('Takes http://<host>:<port>.');
};

const program = new Command('provision')
  .description('Makes subscribers over the REST API of Homestead Prov, and the CSV that SIPp takes.')
  .option('-n, --count <number>', 'subscribers of each prefix', integer(0, BULK_LINES_MAX), 0)
  .option('-p, --password <text>', 'their password')
  .option('--aka <k:opc>', 'instead of --password: keys of a SIM in hexadecimal, which all of them get', sim)
  .option('--prefix <name>', 'user names are <name>000000, <name>000001, …', user, 'u')
  .option('--peer-prefix <name>', 'as many again, whom the first ones call', user)
  .option('--first <number>', 'number of the first', integer(0, 999_999), 0)
  .option('--domain <name>', 'home domain', process.env['HOME_DOMAIN'] ?? 'ims.test')
  .option(
    '--import <file>',
    "instead of --count: Clearwater's bulk CSV, public_id,private_id,realm,password; of a SIM …,realm,,k,opc",
  )
  .option(
    '--url <url>',
    'Homestead Prov',
    url,
    `http://127.0.0.1:${process.env['HOMESTEAD_PROV_PORT'] ?? 8889}`,
  )
  .option('--api-key <key>', 'also in API_KEY')
  .option('--api-key-file <file>', 'default: DATA_DIR/api-key where it is')
  .option('--ifc <file>', 'ServiceProfile document with initial filter criteria, for all of them')
  .option(
    '--csv <file>',
    'where the CSV for SIPp goes; with --peer-prefix a second one beside it',
    'sipp-users.csv',
  )
  .option('--concurrency <number>', 'subscribers at a time', integer(1, CONCURRENCY_MAX), 16)
  .addHelpText('after', '\nnpm run provision -- --count 1000 --password secret');

/** A fault of the command line: one line, exit code 2. */
const refuse = (text: string): never => program.error(`error: ${text}`, { exitCode: 2 });

const readText = (what: string, file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return refuse(`${what} ${file} cannot be read: ${(error as Error).message}`);
  }
};

const apiKeyOf = (options: Options): string | undefined => {
  if (options.apiKey !== undefined) return options.apiKey;
  if (options.apiKeyFile !== undefined) return readText('--api-key-file', options.apiKeyFile).trim();
  if (process.env['API_KEY']) return process.env['API_KEY'];
  const kept = path.join(process.env['DATA_DIR'] ?? './data', 'api-key');
  return existsSync(kept) ? readFileSync(kept, 'utf8').trim() : undefined;
};

/** Prefixes of the callers and of those called. */
const prefixesOf = ({ prefix, peerPrefix }: Options): readonly [string, string] => [
  prefix,
  peerPrefix ?? prefix,
];

const subscribersOf = (options: Options): readonly BulkSubscriber[] => {
  if (options.import !== undefined) {
    const read = readBulkCsv(readText('--import', options.import));
    return read.ok ? read.subscribers : refuse(`--import ${options.import}: ${read.reason}`);
  }
  const { count, password, aka, domain, first } = options;
  if (count === 0) return refuse('say how many with --count, or give a file with --import');
  if ((password === undefined) === (aka === undefined))
    return refuse('say --password or --aka, which all of them get');
  const prefixes = prefixesOf(options);
  return numberedSubscribers({
    count,
    password: password ?? '',
    ...(aka && { aka }),
    domain,
    first,
    prefixes,
  });
};

/** The files for SIPp; an import names no order of calls, so it has none, and a SIM has no password to write. */
const writeSippCsv = (options: Options): readonly string[] => {
  const { count, password = '', domain, first, csv } = options;
  if (options.import !== undefined || options.aka !== undefined) return [];
  const [mine, peer] = prefixesOf(options);
  const users = { count, password, domain, first };
  // Passwords are in it.
  writeFileSync(csv, sippCsv({ ...users, prefixes: [mine, peer] }), { mode: 0o600 });
  if (mine === peer) return [csv];
  const { dir, name, ext } = path.parse(csv);
  const second = path.join(dir, `${name}-${peer}${ext}`);
  writeFileSync(second, sippCsv({ ...users, prefixes: [peer, mine] }), { mode: 0o600 });
  return [csv, second];
};

const main = async (): Promise<void> => {
  const options = program.parse().opts<Options>();
  const subscribers = subscribersOf(options);
  const ifcXml = options.ifc === undefined ? undefined : readText('--ifc', options.ifc);
  const apiKey = apiKeyOf(options);
  const pool = createHttpPool({
    url: options.url,
    transport: createUndiciTransport({ answerMs: ANSWER_MS, connectionsMax: options.concurrency }),
    resolve: systemResolver,
    clock: systemClock,
    random: systemRandom,
    ...(apiKey === undefined ? {} : { headers: { 'x-api-key': apiKey } }),
  });
  const startedMs = systemClock.monotonicMs();
  let summary: Summary | undefined;
  const title = `${subscribers.length} subscribers at ${options.url}`;
  await new Listr(
    [
      {
        title,
        task: async (_context, task) => {
          summary = await runProvisioning({
            ports: { pool, clock: systemClock },
            subscribers,
            concurrency: options.concurrency,
            url: options.url,
            ...(ifcXml === undefined ? {} : { ifcXml }),
            onProgress: (count) => (task.title = `${title}: ${count}`),
          });
        },
      },
    ],
    { renderer: process.stdout.isTTY ? 'default' : 'silent' },
  ).run();
  await pool.close();
  if (!summary) return;
  const lines = describeSummary(summary, systemClock.monotonicMs() - startedMs);
  const failed = summary.failures.length > 0;
  if (!failed) lines.push(...writeSippCsv(options).map((file) => `SIPp: -inf ${file}`));
  process.stdout.write(`${lines.join('\n')}\n`);
  if (failed) process.stdout.write('Run the same command again to go on: what is there stays as it is.\n');
  process.exitCode = failed ? 1 : 0;
};

await main();
