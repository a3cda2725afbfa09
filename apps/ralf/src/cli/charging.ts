// `npm run charging -- reconcile --from … --to …`: what should have been charged against what a CDF took, from the log, which the product may
// be writing. One line a finding; exit code 1 when there is any.
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { UPCASTERS } from '#libs/domain';
import { createUpcasting, EventLogConfig, nodeDisk, openKafkaForReading, openLogReader, type RecordedEvent } from '#libs/event-log'; // prettier-ignore
import { loadConfigOrExit, ProcessConfig, systemClock as clock, systemRandom as random } from '#libs/runtime';
import { RalfConfig } from '../ralf.config.js';
import { type CdfCopy, type Reconciled, Reconciliation, TooManyRecords } from '../reconcile/reconcile.js';

const TOPICS = ['charging', 'calls'] as const;
const A_DAY_MS = 86_400_000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: A_DAY_MS };

type Events = Readonly<{ events: AsyncIterable<RecordedEvent>; close: () => Promise<void> }>;
type Options = Readonly<{ from: number; to: number; cdf: readonly string[]; json: boolean }>;

/** What is told to people as it is. */
class Refused extends Error {}

const moment = (text: string): number => {
  const [, count, unit] = /^-(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return clock.nowMs() - Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  const zoned = /[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(text) ? `${text.replace(' ', 'T')}Z` : text;
  const timeMs = text === 'now' ? clock.nowMs() : Date.parse(zoned);
  if (Number.isNaN(timeMs)) throw new InvalidArgumentError('Takes a moment (2030-01-01T12:00Z), now, or how long ago (-2h).'); // prettier-ignore
  return timeMs;
};

const openEvents = async (common: ProcessConfig): Promise<Events> => {
  const { upcast } = createUpcasting(UPCASTERS);
  const config = loadConfigOrExit(EventLogConfig);
  if (config.eventLog === 'kafka') {
    const retentionMs = common.logRetentionDays * A_DAY_MS;
    const log = await openKafkaForReading(config, { clock, random, upcast, retentionMs });
    return { events: log.readAll(TOPICS, 'oldest'), close: () => log.close() };
  }
  const directory = common.dataDir;
  if (!existsSync(path.join(directory, 'log'))) throw new Refused(`no log is in DATA_DIR=${directory}`);
  const reader = await openLogReader({ directory, disk: nodeDisk, upcast });
  return { events: reader.readAll(TOPICS, 'oldest'), close: () => Promise.resolve() };
};

async function* copiesIn(file: string): AsyncGenerator<CdfCopy> {
  if (!existsSync(file)) throw new Refused(`there is no ${file}`);
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (line === '') continue;
    try {
      yield JSON.parse(line) as CdfCopy;
    } catch {
      throw new Refused(`${file} has a line that is no record`);
    }
  }
}

const words = ({ sessions, records, acknowledged, repeated, calls, found, findings }: Reconciled): string =>
  [
    ...findings.map(({ kind, stream, what }) => `${kind.padEnd(9)} ${stream}  ${what}`),
    `${records} records of ${sessions} sessions (${calls} calls answered): ${acknowledged} acknowledged, ${repeated} of them more than once, marked`,
    ...Object.entries(found).map(([kind, count]) => `  ${kind.padEnd(9)} ${count}`),
    '',
  ].join('\n');

const reconcile = async ({ from, to, cdf, json }: Options): Promise<void> => {
  const common = loadConfigOrExit(ProcessConfig);
  const { ralfSessionHost } = loadConfigOrExit(RalfConfig);
  const sessionHost = ralfSessionHost || `ralf.${common.homeDomain}`;
  const reconciliation = new Reconciliation({ fromMs: from, toMs: to, sessionHost });
  for (const file of cdf) for await (const copy of copiesIn(file)) reconciliation.addCopy(copy);
  const { events, close } = await openEvents(common);
  try {
    for await (const recorded of events) reconciliation.add(recorded);
  } finally {
    await close();
  }
  const reconciled = reconciliation.judge();
  process.stdout.write(json ? `${JSON.stringify(reconciled)}\n` : words(reconciled));
  if (Object.values(reconciled.found).some((count) => count > 0)) process.exitCode = 1;
};

const program = new Command('charging').description('What was charged, from the log.');
program
  .command('reconcile')
  .description('records derived again from the facts, and calls, against what was acknowledged: missing, doubled, different, refused')
  .option('--from <moment>', 'what the log took from then on', moment, 0)
  .option('--to <moment>', 'until then', moment, clock.nowMs() - 60_000)
  .option('--cdf <files...>', 'the CDF’s own records too: lines of JSON as `npm run cdf` writes them', [])
  .option('--json', 'the outcome as one line of JSON', false)
  .action((options: Options) => reconcile(options)); // prettier-ignore

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Refused || error instanceof TooManyRecords)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
