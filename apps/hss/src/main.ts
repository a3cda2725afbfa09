// npm run hss: an HSS on a port, its subscribers from a file, commands on standard input.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { APPLICATIONS, type NodeCommandOptions, nodeCommand, nodeOfCommand, runCommandLine, say } from '#libs/diameter'; // prettier-ignore
import { systemRandom } from '#libs/runtime';
import { createSubscribers } from './assignments.js';
import { runCommand, USAGE } from './commands.js';
import { createHss } from './hss.js';
import { readSubscribers, type Subscriber } from './subscriber-file.js';

type Options = NodeCommandOptions & Readonly<{ subscribers: string; quiet: boolean }>;

const program = nodeCommand('hss', 'Home subscriber server: serves Cx from a file of subscribers. For tests and demonstrations: whoever reaches the port is let in, and states are in memory.')
  .requiredOption('-s, --subscribers <file>', 'JSON, or CSV: public_id,private_id,realm,password')
  .option('-q, --quiet', 'do not print each request', false)
  .addHelpText('after', `\nOn standard input:\n${USAGE}`); // prettier-ignore

const read = (file: string, realm: string): readonly Subscriber[] => {
  const found = readSubscribers(readFileSync(file, 'utf8'), realm);
  if (!found.ok) throw new Error(`${file}: ${found.reason}`);
  return found.subscribers;
};
const run = async (): Promise<void> => {
  const options = program.parse().opts<Options>();
  const { host, realm, listen, quiet } = options;
  const subscribers = createSubscribers(read(options.subscribers, realm));
  const node = nodeOfCommand(options, { productName: 'Clearwater HSS', applications: [APPLICATIONS.cx] });
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

runCommandLine('hss', run);
