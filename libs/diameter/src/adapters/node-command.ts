// The command line of a program that is a Diameter node: the options that all of them have, the node that they ask for, and what goes to
// standard error. Used by main.ts of the HSS and of the CDF.
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { systemClock, systemRandom } from '#libs/runtime';
import { isDiameterIdentity } from '../codec/formats.js';
import { createDiameterNode, type DiameterNode, type NodeOptions } from '../node/node.js';
import { parsePeerAddress } from '../peer/peer-uri.js';
import type { PeerAddress } from '../peer/transport.port.js';
import { createTcpTransport } from './tcp.js';

export type NodeCommandOptions = Readonly<{
  listen: PeerAddress;
  host: string;
  realm: string;
  key?: string;
  cert?: string;
  ca?: string;
}>;

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

/** A command with where to listen, who it is, and its certificate; the program adds its own options. */
export const nodeCommand = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .addOption(
      new Option('-l, --listen <address>', 'where to listen')
        .argParser(address)
        .default(address(LISTEN), LISTEN),
    )
    .option('--host <name>', 'Origin-Host', identity, `${name}.ims.test`)
    .option('--realm <name>', 'Origin-Realm', identity, 'ims.test')
    .option('--key <file>', 'PEM, with --cert: for TLS')
    .option('--cert <file>', 'PEM')
    .option('--ca <file>', 'PEM; clients must then show a certificate of it');

/** To standard error: standard output is for what a program has to give. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

const pem = (file: string | undefined, name: 'key' | 'cert' | 'ca') =>
  file === undefined ? {} : { [name]: readFileSync(file, 'utf8') };

/** Lets in whoever reaches its port. */
export const nodeOfCommand = (
  { host, realm, key, cert, ca }: NodeCommandOptions,
  own: Pick<NodeOptions, 'productName' | 'applications' | 'strictness'>,
): DiameterNode =>
  createDiameterNode({
    ...own,
    host,
    realm,
    transport: createTcpTransport({ ...pem(key, 'key'), ...pem(cert, 'cert'), ...pem(ca, 'ca') }),
    clock: systemClock,
    random: systemRandom,
    welcome: () => true,
    told: say,
    failed: (what, error) => say(`${what}: ${String(error)}`),
  });

/** Ends the process with one sentence when it cannot run. */
export const runCommandLine = (name: string, run: () => Promise<void>): void =>
  void run().catch((error: unknown) => {
    say(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  });
