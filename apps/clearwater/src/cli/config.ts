// `npm run config -- get | set | unset | diff | history | members | cluster`: the variables that programs share, and who runs.
// Reads and writes the shared configuration that the environment names; what it holds is taken at the next start of a program.
import { userInfo } from 'node:os';
import Table from 'cli-table3';
import { Command } from 'commander';
import { loadConfigOrExit, ProcessConfig, readDotenv, systemClock } from '#libs/runtime';
import {
  ConfigConflict,
  ConfigUnavailable,
  openSharedConfig,
  type SharedConfig,
  SharedConfigConfig,
  sharingFault,
} from '#libs/shared-config';
import { SHARED_CLASSES } from '../shared-classes.js';
import { addClusterCommands } from './cluster-commands.js';
import { revisionOf } from './revision-of.js';

const EXIT_REFUSED = 1;

const run = async (work: (shared: SharedConfig) => Promise<void>): Promise<void> => {
  const { dataDir } = loadConfigOrExit(ProcessConfig);
  const shared = await openSharedConfig(loadConfigOrExit(SharedConfigConfig), dataDir, systemClock);
  try {
    await work(shared);
  } catch (error) {
    const isForPeople =
      error instanceof ConfigConflict || error instanceof ConfigUnavailable || error instanceof RangeError;
    if (!isForPeople) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_REFUSED;
  } finally {
    await shared.close();
  }
};

const refuse = (reason: string): void => {
  process.stderr.write(`${reason}\n`);
  process.exitCode = EXIT_REFUSED;
};

const print = (head: string[], rows: readonly (readonly string[])[]): void => {
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  process.stdout.write(`${table.toString()}\n`);
};

const when = (atMs: number): string => new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
const NOT_SET = '(not set)';

type ByOption = Readonly<{ by: string; expected?: number }>;

const change = (key: string, value: string | undefined, { by, expected }: ByOption): Promise<void> =>
  run(async (shared) => {
    const fault = value === undefined ? undefined : sharingFault(SHARED_CLASSES, key, value);
    if (fault !== undefined) return refuse(fault);
    const revision = expected === undefined ? {} : { expected };
    const done = await shared.set(key, value, { by, ...revision });
    process.stdout.write(
      `${key} ${value === undefined ? 'is no longer shared' : `= ${value}`} (revision ${done.revision})\n`,
    );
  });

const program = new Command('config').description('The variables that programs share.');
const byWhom = userInfo().username;

program
  .command('get [variable]')
  .description('one value, or all with who set them and when')
  .action((key?: string) =>
    run(async (shared) => {
      if (key === undefined)
        return print(
          ['variable', 'value', 'revision', 'by', 'at (UTC)'],
          (await shared.list()).map((one) => [
            one.key,
            one.value,
            String(one.revision),
            one.by,
            when(one.atMs),
          ]),
        );
      const entry = await shared.get(key);
      if (!entry) return refuse(`${key} is not shared`);
      process.stdout.write(`${entry.value}\n`);
    }),
  );

program
  .command('set <variable> <value>')
  .option('--by <name>', 'who changes it', byWhom)
  .option('--expected <revision>', 'only if nobody has changed it since this revision', revisionOf)
  .description('sets a value, checked as the environment’s would be')
  .action((key: string, value: string, options: ByOption) => change(key, value, options));

program
  .command('unset <variable>')
  .option('--by <name>', 'who changes it', byWhom)
  .option('--expected <revision>', 'only if nobody has changed it since this revision', revisionOf)
  .description('shares it no longer')
  .action((key: string, options: ByOption) => change(key, undefined, options));

program
  .command('diff')
  .description('where this machine’s environment, which wins, differs from what is shared')
  .action(() =>
    run(async (shared) => {
      const own = { ...readDotenv('.env'), ...process.env };
      const rows = (await shared.list())
        .filter(({ key, value }) => own[key] !== undefined && own[key] !== value)
        .map(({ key, value }) => [key, value, own[key] ?? NOT_SET]);
      if (rows.length === 0) process.stdout.write('no difference\n');
      else print(['variable', 'shared', 'here'], rows);
    }),
  );

program
  .command('history <variable>')
  .description('its changes, the newest first')
  .action((key: string) =>
    run(async (shared) =>
      print(
        ['revision', 'value', 'by', 'at (UTC)'],
        (await shared.history(key)).map((one) => [
          String(one.revision),
          one.value ?? NOT_SET,
          one.by,
          when(one.atMs),
        ]),
      ),
    ),
  );

program
  .command('members')
  .description('who is there (etcd)')
  .action(() =>
    run(async (shared) =>
      print(
        ['name', 'is'],
        (await shared.members()).map(({ name, data }) => [name, data]),
      ),
    ),
  );

addClusterCommands(program, {
  run,
  print,
  refuse,
  byWhom,
  say: (text) => void process.stdout.write(`${text}\n`),
});

await program.parseAsync();
