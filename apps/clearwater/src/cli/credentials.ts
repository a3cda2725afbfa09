// `npm run credentials -- copy --from <embedded:folder|cassandra:keyspace> --to …`: the credential store, sealed as it is, copied for a backup, from
// a backup, or from one engine to the other (docs/backup.md). The master key is not needed, and not copied.
import { Command } from 'commander';
import { loadConfigOrExit, systemClock, systemRandom } from '#libs/runtime';
import {
  copyCredentials,
  CredentialsDiffer,
  NoSuchStore,
  openSealedRecords,
  StoresConfig,
  StoreUnavailable,
} from '#libs/stores';

/** What an operator has to see to: told in one line. */
const OPERATORS = [CredentialsDiffer, NoSuchStore, StoreUnavailable];

const runCopy = async ({ from, to }: Readonly<{ from: string; to: string }>): Promise<void> => {
  const config = loadConfigOrExit(StoresConfig);
  const parts = { clock: systemClock, random: systemRandom };
  const source = await openSealedRecords(from, 'from', config, parts);
  try {
    const target = await openSealedRecords(to, 'to', config, parts);
    try {
      const { credentials, retired } = await copyCredentials(source.records, target.records);
      process.stdout.write(
        `${credentials} credentials, ${retired} of them retired, compared one by one. They open with the master key that sealed them: take its file along.\n`,
      );
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
};

const program = new Command('credentials').description('The credential store, as an operator handles it.');

program
  .command('copy')
  .description(
    'copies secrets, sealed as they are; what is there stays, so that an interrupted copy goes on when it is run again',
  )
  .requiredOption('--from <store>', 'embedded:<DATA_DIR or backup>, or cassandra:<keyspace>')
  .requiredOption('--to <store>', 'the same; made where it is not there')
  .action(runCopy);

try {
  await program.parseAsync();
} catch (error) {
  if (!OPERATORS.some((fault) => error instanceof fault)) throw error;
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
