// npm run hss: an HSS on a port, its subscribers from a file, commands on standard input.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Command, InvalidArgumentError, Option } from 'commander';
import { APPLICATIONS, createDiameterNode, createTcpTransport, isDiameterIdentity, parsePeerAddress, type PeerAddress } from '#libs/diameter'; // prettier-ignore
import { systemClock, systemRandom } from '#libs/runtime';
import { createSubscribers } from './assignments.js';
import { runCommand, USAGE } from './commands.js';
import { createHss } from './hss.js';
import { readSubscribers, type Subscriber } from './subscriber-file.js';

type Options = Readonly<{ listen: PeerAddress; host: string; realm: string; subscribers: string; quiet: boolean; key?: string; cert?: string; ca?: string }>; // prettier-ignore

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
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const program = new Command('hss')
  .description('Home subscriber server: serves Cx from a file of subscribers. For tests and demonstrations: whoever reaches the port is let in, and states are in memory.')
  .requiredOption('-s, --subscribers <file>', 'JSON, or CSV: public_id,private_id,realm,password')
  .addOption(new Option('-l, --listen <address>', 'where to listen').argParser(address).default(address(LISTEN), LISTEN))
  .option('--host <name>', 'Origin-Host', identity, 'hss.ims.test')
  .option('--realm <name>', 'Origin-Realm', identity, 'ims.test')
  .option('-q, --quiet', 'do not print each request', false)
  .option('--key <file>', 'PEM, with --cert: for TLS')
  .option('--cert <file>', 'PEM')
  .option('--ca <file>', 'PEM; clients must then show a certificate of it')
  .addHelpText('after', `\nOn standard input:\n${USAGE}`); // prettier-ignore

const read = (file: string, realm: string): readonly Subscriber[] => {
  const found = readSubscribers(readFileSync(file, 'utf8'), realm);
  if (!found.ok) throw new Error(`${file}: ${found.reason}`);
  return found.subscribers;
};
const pem = (file: string | undefined, name: 'key' | 'cert' | 'ca') =>
  file === undefined ? {} : { [name]: readFileSync(file, 'utf8') };

const run = async (): Promise<void> => {
  const options = program.parse().opts<Options>();
  const { host, realm, listen, quiet } = options;
  const subscribers = createSubscribers(read(options.subscribers, realm));
  const identityFiles = {
    ...pem(options.key, 'key'),
    ...pem(options.cert, 'cert'),
    ...pem(options.ca, 'ca'),
  };
  const node = createDiameterNode({
    host,
    realm,
    productName: 'Clearwater HSS',
    applications: [APPLICATIONS.cx],
    transport: createTcpTransport(identityFiles),
    clock: systemClock,
    random: systemRandom,
    welcome: () => true,
    told: say,
    failed: (what, error) => say(`${what}: ${String(error)}`),
  });
  const told = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const hss = createHss({ node, subscribers, random: systemRandom, ...(quiet ? {} : { told }) });
  const { port } = await node.listen(listen);
  say(`HSS ${host} on ${listen.host}:${port}, ${subscribers.size} subscribers`);

  const reload = (): string => {
    try {
      subscribers.replace(read(options.subscribers, realm));
      return `${subscribers.size} subscribers`;
    } catch (error) {
      return `kept what there was: ${(error as Error).message}`;
    }
  };
  createInterface({ input: process.stdin }).on('line', (line) => {
    void runCommand({ hss, subscribers, reload }, line).then(say, (error: unknown) => say(String(error)));
  });
  const stop = (): void => void node.stop().then(() => process.exit(0));
  process.on('SIGHUP', () => say(reload()));
  process.once('SIGINT', stop).once('SIGTERM', stop);
};

run().catch((error: unknown) => {
  say(`hss: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
