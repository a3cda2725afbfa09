// `npm run log -- copy --from <embedded:dir|kafka:brokers> --to …`: a log copied into Kafka, or back, with nothing running on either.
// What is copied, and how it is verified: libs/event-log/src/copy. The copy is a generation of its own.
import { Command, InvalidArgumentError } from 'commander';
import { Listr } from 'listr2';
import {
  BrokersUnreachable,
  copyLog,
  CopyRefused,
  type CopyProgress,
  type CopyResult,
  DirectoryInUse,
  EventLogConfig,
  LogDamaged,
  nodeDisk,
  openCopy,
  TopicsUnfit,
  upTo,
} from '#libs/event-log';
import { loadConfigOrExit, parseMoment, ProcessConfig, systemClock } from '#libs/runtime';

type CopyWords = Readonly<{
  from: string;
  to: string;
  fromGeneration?: number;
  toGeneration?: number;
  until?: number;
}>;

const A_DAY_MS = 86_400_000;
const BAR_CELLS = 30;
const WORDS = { look: 'looking what is there', copy: 'copying', verify: 'comparing' } as const;
/** What an operator has to see to: told in one line. */
const OPERATORS = [CopyRefused, DirectoryInUse, LogDamaged, TopicsUnfit, BrokersUnreachable];

const whole = (text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Takes a number, 1 to 999999.');
};

const moment = (text: string): number => {
  const timeMs = parseMoment(text, systemClock.nowMs());
  if (timeMs === undefined || timeMs > systemClock.nowMs())
    throw new InvalidArgumentError(
      'Takes a moment that is past: 2026-03-01T12:00:00Z, or how long ago: -10m.',
    );
  return timeMs;
};

const describe = ({ phase, done, total }: CopyProgress, startMs: number): string => {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * BAR_CELLS);
  const perS = Math.round(done / Math.max(0.001, (systemClock.monotonicMs() - startMs) / 1000));
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
  return `${WORDS[phase]} ${bar} ${done} of ${total} (${perS}/s)`;
};

const nextWords = (to: string, generation: number): string =>
  to.startsWith('kafka:')
    ? `Start with EVENT_LOG=kafka KAFKA_GENERATION=${generation}, and a DATA_DIR of its own: its credentials, master.key and ` +
      'other keys are not in the log, take them along.'
    : `Its credentials, master.key and other keys are not in the log: take them along from the DATA_DIR that had them.`;

const runCopy = async (words: CopyWords): Promise<void> => {
  const ends = await openCopy({
    ...words,
    config: loadConfigOrExit(EventLogConfig),
    retentionMs: loadConfigOrExit(ProcessConfig).logRetentionDays * A_DAY_MS,
    disk: nodeDisk,
    clock: systemClock,
    report: (message) => process.stderr.write(`${message}\n`),
  });
  const { target } = ends;
  const source = words.until === undefined ? ends.source : upTo(ends.source, words.until);
  let result: CopyResult | undefined;
  const startMs = systemClock.monotonicMs();
  try {
    const title = `generation ${source.generation} of ${words.from} → generation ${target.generation} of ${words.to}`;
    const task = async (_context: unknown, shown: { title: string }): Promise<void> => {
      let phase = '';
      let phaseMs = startMs;
      const onProgress = (progress: CopyProgress): void => {
        if (progress.phase !== phase) [phase, phaseMs] = [progress.phase, systemClock.monotonicMs()];
        shown.title = `${title}: ${describe(progress, phaseMs)}`;
      };
      result = await copyLog({ source, target, clock: systemClock, onProgress });
      shown.title = title;
    };
    const renderer = process.stdout.isTTY ? 'default' : 'silent';
    await new Listr([{ title, task }], { renderer }).run();
  } finally {
    await ends.close();
  }
  if (!result) return;
  const tookS = Math.round((systemClock.monotonicMs() - startMs) / 100) / 10;
  const { events, before } = result;
  process.stdout.write(
    `${events} events${before > 0 ? `, ${before} of them by an earlier run` : ''}, compared one by one, in ${tookS} s\n` +
      `${nextWords(words.to, target.generation)}\n`,
  );
};

const program = new Command('log').description('The log of events, as an operator handles it.');

program
  .command('copy')
  .description(
    'copies a log that nobody writes to, or what it was at a moment; an interrupted copy goes on when it is run again',
  )
  .requiredOption('--from <log>', 'embedded:<DATA_DIR>, or kafka:<host:port,…>')
  .requiredOption('--to <log>', 'the same; an empty folder, or a generation that is not there')
  .option('--from-generation <number>', 'of a log on Kafka (KAFKA_GENERATION)', whole)
  .option('--to-generation <number>', 'of the copy; the next after the source’s', whole)
  .option(
    '--until <moment>',
    'as it was then: 2026-03-01T12:00:00Z, or -10m; a log on Kafka may be written to meanwhile',
    moment,
  )
  .action((words: CopyWords) => runCopy(words));

try {
  await program.parseAsync();
} catch (error) {
  if (!OPERATORS.some((fault) => error instanceof fault)) throw error;
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
