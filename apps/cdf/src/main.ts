// npm run cdf: a CDF on a port, its records in a folder.
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { APPLICATIONS, createDiameterNode, createTcpTransport, isDiameterIdentity, parsePeerAddress, type PeerAddress } from '#libs/diameter'; // prettier-ignore
import { systemClock, systemRandom } from '#libs/runtime';
import { createCdf } from './cdf.js';
import { openRecordFiles, readRecords } from './record-files.js';

type Options = Readonly<{ listen: PeerAddress; host: string; realm: string; out: string; interim?: number; acceptUnknown: boolean; result?: number; key?: string; cert?: string; ca?: string }>; // prettier-ignore

const LISTEN = '127.0.0.1:3868';
const address = (text: string): PeerAddress => {
  const found = parsePeerAddress(text);
  if (found) return found;
  throw new InvalidArgumentError('Takes <host>[:<port>], or aaas://<host>[:<port>] for TLS.');
};
const identity = (text: string): string => {
  if (isDiameterIdentity(text)) return text;
  throw new InvalidArgumentError('Takes a domain name.');
};
const whole = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Takes a whole number.');
};
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const program = new Command('cdf')
  .description('Charging data function: takes accounting requests (Rf), writes cdr.jsonl and cdr.csv. For tests and demonstrations: whoever reaches the port is let in.')
  .addOption(new Option('-l, --listen <address>', 'where to listen').argParser(address).default(address(LISTEN), LISTEN))
  .option('--host <name>', 'Origin-Host', identity, 'cdf.ims.test')
  .option('--realm <name>', 'Origin-Realm', identity, 'ims.test')
  .option('-o, --out <folder>', 'where the records go', 'data/cdf')
  .option('--interim <seconds>', 'Acct-Interim-Interval of the answers', whole)
  .option('--accept-unknown', 'take AVPs that no dictionary here has, M bit or not', false)
  .option('--result <code>', 'write nothing, answer this Result-Code: to see what a client does', whole)
  .option('--key <file>', 'PEM, with --cert: for TLS')
  .option('--cert <file>', 'PEM')
  .option('--ca <file>', 'PEM; clients must then show a certificate of it'); // prettier-ignore

const pem = (file: string | undefined, name: 'key' | 'cert' | 'ca') =>
  file === undefined ? {} : { [name]: readFileSync(file, 'utf8') };

const run = async (): Promise<void> => {
  const options = program.parse().opts<Options>();
  const files = await openRecordFiles(options.out);
  const node = createDiameterNode({
    host: options.host,
    realm: options.realm,
    productName: 'Clearwater CDF',
    applications: [APPLICATIONS.accounting],
    transport: createTcpTransport({
      ...pem(options.key, 'key'),
      ...pem(options.cert, 'cert'),
      ...pem(options.ca, 'ca'),
    }),
    clock: systemClock,
    random: systemRandom,
    welcome: () => true,
    strictness: { acceptUnknown: options.acceptUnknown },
    told: say,
    failed: (what, error) => say(`${what}: ${String(error)}`),
  });
  const cdf = createCdf(
    {
      node,
      write: (record) => files.write(record),
      nowMs: () => systemClock.nowMs(),
      failed: (error) => say(`not written: ${String(error)}`),
    },
    {
      ...(options.interim === undefined ? {} : { interimS: options.interim }),
      ...(options.result === undefined ? {} : { resultCode: options.result }),
    },
  );
  const known = await readRecords(options.out, (record) => cdf.remember(record));
  const { port } = await node.listen(options.listen);
  say(
    `CDF ${options.host} on ${options.listen.host}:${port}, records in ${options.out} (${known} from before)`,
  );

  const stop = async (): Promise<void> => {
    await node.stop();
    await files.close();
    process.stdout.write(`${JSON.stringify(cdf.counts)}\n`);
    process.exit(0);
  };
  process.once('SIGINT', () => void stop()).once('SIGTERM', () => void stop());
};

run().catch((error: unknown) => {
  say(`cdf: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
