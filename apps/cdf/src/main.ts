// npm run cdf: a CDF on a port, its records in a folder.
import { InvalidArgumentError } from 'commander';
import { APPLICATIONS, type NodeCommandOptions, nodeCommand, nodeOfCommand, runCommandLine, say } from '#libs/diameter'; // prettier-ignore
import { systemClock } from '#libs/runtime';
import { createCdf } from './cdf.js';
import { openRecordFiles, readRecords } from './record-files.js';

type Options = NodeCommandOptions & Readonly<{ out: string; interim?: number; acceptUnknown: boolean; result?: number }>; // prettier-ignore

const whole = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Takes a whole number.');
};

const program = nodeCommand('cdf', 'Charging data function: takes accounting requests (Rf), writes cdr.jsonl and cdr.csv. For tests and demonstrations: whoever reaches the port is let in.')
  .option('-o, --out <folder>', 'where the records go', 'data/cdf')
  .option('--interim <seconds>', 'Acct-Interim-Interval of the answers', whole)
  .option('--accept-unknown', 'take AVPs that no dictionary here has, M bit or not', false)
  .option('--result <code>', 'write nothing, answer this Result-Code: to see what a client does', whole); // prettier-ignore

const run = async (): Promise<void> => {
  const options = program.parse().opts<Options>();
  const files = await openRecordFiles(options.out);
  const node = nodeOfCommand(options, {
    productName: 'Clearwater CDF',
    applications: [APPLICATIONS.accounting],
    strictness: { acceptUnknown: options.acceptUnknown },
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

runCommandLine('cdf', run);
