// `npm run timers -- statistics | show <timer> | dead-letters | replay <id> | discard <id>`: asks the Chronos that runs, over HTTP.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Table from 'cli-table3';
import { Command } from 'commander';
import { httpScheme, presentedKey, type ProcessConfig } from '#libs/runtime';
import type { TimerStatistics } from '../chronos.js';
import type { ChronosConfig } from '../chronos.config.js';
import type { ShownLetter } from '../dead-letters.js';

const ANSWER_MS_MAX = 10_000;

/** What Chronos answers is told to people as it is. */
class Refused extends Error {}

/** Of the environment, or as Chronos made it at its first start. */
const apiKeyOf = ({ apiKeys, dataDir }: Pick<ProcessConfig, 'apiKeys' | 'dataDir'>): string | undefined => {
  const file = path.join(dataDir, 'api-key');
  return presentedKey(apiKeys, 'chronos') ?? (existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined);
}; // prettier-ignore

type Ask = <T>(method: 'GET' | 'POST' | 'DELETE', resource: string) => Promise<T>;

const connect =
  (url: string, apiKey: string | undefined): Ask =>
  async <T>(method: string, resource: string): Promise<T> => {
    const headers = apiKey === undefined ? {} : { 'x-api-key': apiKey };
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const response = await fetch(`${url}${resource}`, { method, headers, signal }).catch((error: unknown) => {
      throw new Refused(`no Chronos answers at ${url}: ${String((error as Error).cause ?? error)}`);
    });
    const text = await response.text();
    if (!response.ok) {
      const [, reason = `${response.status} from ${url}${resource}`] = /"reason":"([^"]*)"/.exec(text) ?? [];
      throw new Refused(reason);
    }
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const print = (head: string[], rows: readonly (readonly string[])[]): void => {
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  say(table.toString());
};

const statistics = async (ask: Ask): Promise<void> => {
  const { tags, ...counts } = await ask<TimerStatistics>('GET', '/statistics');
  print(['what', 'count'], Object.entries({ ...counts, ...tags }).map(([name, count]) => [name, String(count)])); // prettier-ignore
};

const deadLetters = async (ask: Ask): Promise<void> => {
  const letters = await ask<readonly ShownLetter[]>('GET', '/dead-letters');
  if (letters.length === 0) return say('there are no dead letters');
  print(
    ['id', 'since (UTC)', 'number', 'tries', 'to', 'why'],
    letters.map(({ id, atMs, sequence, tries, uri, reason }) => [
      id,
      new Date(atMs).toISOString().slice(0, 19).replace('T', ' '),
      String(sequence),
      String(tries),
      uri,
      reason,
    ]),
  );
};

/** Runs the words of a command line; what was refused is one line, and exit code 1. */
export const runCommands = async (
  common: ProcessConfig,
  { chronosPort }: ChronosConfig,
  words: readonly string[],
): Promise<void> => {
  const host = common.bindAddress.includes(':') ? `[${common.bindAddress}]` : common.bindAddress;
  const program = new Command('timers')
    .description('Timers of the Chronos that runs.')
    .option('--url <url>', 'where it runs', `${httpScheme(common)}://${host}:${chronosPort}`);
  const ask: Ask = (method, resource) =>
    connect(program.opts<{ url: string }>().url.replace(/\/$/, ''), apiKeyOf(common))(method, resource);
  program
    .command('statistics')
    .description('how many, by tag')
    .action(() => statistics(ask));
  program
    .command('show <timer>')
    .description('one timer, by its name (16 hex digits, -, a number)')
    .action(async (timer: string) => say(JSON.stringify(await ask('GET', `/timers/${encodeURIComponent(timer)}`), undefined, 2))); // prettier-ignore
  program
    .command('dead-letters')
    .description('callbacks that nobody took')
    .action(() => deadLetters(ask));
  program
    .command('replay <id>')
    .description('makes the callback again')
    .action(async (id: string) => {
      await ask('POST', `/dead-letters/${encodeURIComponent(id)}/replay`);
      say('taken');
    });
  program
    .command('discard <id>')
    .description('throws a dead letter away')
    .action(async (id: string) => {
      await ask('DELETE', `/dead-letters/${encodeURIComponent(id)}`);
      say('gone');
    });
  try {
    await program.parseAsync([...words]);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
};
