// The command line of history (commander): arguments in, exit code out. Reader: main.ts.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { TOPICS, type Topic } from '#libs/event-log';
import { parseMoment } from '#libs/runtime';
import type { HistorySource } from '../history-source.js';
import {
  call,
  EXIT_FOUND,
  EXIT_TROUBLE,
  show,
  state,
  streams,
  tail,
  verify,
  type CommandContext,
} from './commands.js';
import { OutputClosed, type Output } from './output.js';
import type { Paint } from './paint.js';

export type ProgramPorts = Readonly<{
  /** Rejects with an Error for people when there is no log that can be read. */
  open(dataDir: string, from: 'log' | 'archive'): Promise<HistorySource>;
  output: Output;
  error(line: string): void;
  nowMs(): number;
  paint: Paint;
  signal: AbortSignal;
  defaultDataDir: string;
}>;

type Common = Readonly<{ dataDir: string; json?: true; from: 'log' | 'archive' }>;
type Run = (context: CommandContext) => Promise<number>;

const EXAMPLES = `
Examples:
  npm run history -- streams --topic registration --like alice
  npm run history -- show registration-sip:alice@ims.test
  npm run history -- state registration-sip:alice@ims.test --at -5m
  npm run history -- state registration-sip:alice@ims.test --at "2026-01-01 10:00:00"
  npm run history -- call a84b4c76e66710@10.0.0.5
  npm run history -- tail --follow --topic calls
  npm run history -- show registration-sip:alice@ims.test --from archive
  npm run history -- tail -n 1000 --json | jq .data

Times are UTC. Exit code: 0 found, 1 not in the log, 2 bad arguments, no readable log, or a damaged one.`;

const DAMAGE_ADVICE =
  'what stands behind that place is not shown, and the product does not start on this log: check the disk, keep a copy of the ' +
  'folder log, and restore it from a backup';

/** Runs one command line (without node and script name). */
export const runHistory = async (ports: ProgramPorts, args: readonly string[]): Promise<number> => {
  let exitCode = EXIT_FOUND;
  const run = async ({ dataDir, json, from }: Common, command: Run): Promise<void> => {
    const { output, error, nowMs, paint, signal } = ports;
    const source = await ports.open(dataDir, from);
    try {
      exitCode = await command({ source, output, error, nowMs, paint, json: json ?? false, signal });
    } finally {
      await source.close?.();
    }
    if (!source.damage) return;
    await output.flush();
    error(source.damage.message);
    error(DAMAGE_ADVICE);
    exitCode = EXIT_TROUBLE;
  };
  try {
    await programOf(ports, run).parseAsync(args, { from: 'user' });
    await ports.output.flush();
    return exitCode;
  } catch (error) {
    if (error instanceof OutputClosed) return EXIT_FOUND;
    if (error instanceof CommanderError) {
      await ports.output.flush().catch(() => undefined);
      return error.exitCode === 0 ? EXIT_FOUND : EXIT_TROUBLE;
    }
    ports.error(error instanceof Error ? error.message : String(error));
    return EXIT_TROUBLE;
  }
};

type RunCommand = (common: Common, command: Run) => Promise<void>;

const programOf = (ports: ProgramPorts, run: RunCommand): Command => {
  const program = new Command('history')
    .description('What happened: the streams of the log, their events in words, their state at any moment.')
    .addHelpText('after', EXAMPLES)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void ports.output.line(text.trimEnd()),
      writeErr: (text) => ports.error(text.trimEnd()),
    });
  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--data-dir <dir>', 'folder of the product’s data', ports.defaultDataDir)
      .addOption(fromOption())
      .option('--json', 'JSON lines, for machines');

  command('streams', 'streams with their number of events, newest change first')
    .addOption(topicOption())
    .option('--like <text>', 'names that hold this text')
    .option('--limit <n>', 'streams listed at most', wholeNumber, 50)
    .action((options: Common & Filter & { limit: number }) =>
      run(options, (context) => streams(context, { ...filterOf(options), limit: options.limit })),
    );

  command('show <stream>', 'the events of one stream in order')
    .action((stream: string, options: Common) => run(options, (context) => show(context, stream))); // prettier-ignore

  command('tail', 'the newest events')
    .addOption(topicOption())
    .option('--like <text>', 'streams whose name holds this text')
    .option('-n, --count <n>', 'how many', wholeNumber, 20)
    .option('-f, --follow', 'go on with those that come')
    .action((options: Common & Filter & { count: number; follow?: true }) => {
      const { count, follow = false } = options;
      return run(options, (context) => tail(context, { ...filterOf(options), count, follow }));
    });

  command('state <stream>', 'what the events of a stream add up to')
    .addOption(
      new Option('--at <time>', 'a moment (2026-01-01T10:00:00Z), or how long ago (-90s, -5m, -2h, -1d)')
        .argParser((text) => momentOf(text, ports.nowMs()))
        .default(undefined, 'now'),
    )
    .action((stream: string, options: Common & { at?: number }) =>
      run(options, (context) => state(context, stream, options.at ?? ports.nowMs())),
    );

  command('call <Call-ID>', 'the decisions of one call, by Call-ID or charging identifier (ICID)')
    .action((callId: string, options: Common) => run(options, (context) => call(context, callId))); // prettier-ignore

  command('verify', 'is the archive whole: each event once, in order, chained')
    .action((options: Common) => run({ ...options, from: 'archive' }, (context) => verify(context))); // prettier-ignore
  return program;
};

type Filter = Readonly<{ topic?: Topic; like?: string }>;

const filterOf = ({ topic, like }: Filter) => ({
  ...(topic === undefined ? {} : { topics: [topic] }),
  ...(like === undefined ? {} : { like }),
});

const fromOption = (): Option =>
  new Option('--from <where>', 'the log (of DATA_DIR, or on Kafka where EVENT_LOG says so), or the archive')
    .choices(['log', 'archive'])
    .default('log');

const topicOption = (): Option => new Option('--topic <topic>', 'one topic only').choices(TOPICS);

const wholeNumber = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
};

const momentOf = (text: string, nowMs: number): number => {
  const timeMs = parseMoment(text, nowMs);
  if (timeMs === undefined) throw new InvalidArgumentError('It takes 2026-01-01T10:00:00Z, -90s, -5m, -2h, -1d.');
  return timeMs;
}; // prettier-ignore
