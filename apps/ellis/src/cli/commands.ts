// `npm run ellis -- make-operator <e-mail> | take-operator <e-mail>`: asks the Ellis that runs, over HTTP, with its key.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { httpScheme, presentedKey, type ProcessConfig } from '#libs/runtime';
import type { EllisConfig } from '../ellis.config.js';

const ANSWER_MS_MAX = 10_000;

/** What Ellis answers is told to people as it is. */
class Refused extends Error {}

type Config = Pick<ProcessConfig, 'apiKeys' | 'dataDir' | 'bindAddress' | 'httpTlsCertFile'>;

/** Of the environment, or as the core made it at its first start. */
const apiKeyOf = ({ apiKeys, dataDir }: Config, { ellisApiKey }: EllisConfig): string => {
  const file = path.join(dataDir, 'api-key');
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  const key = ellisApiKey[0] ?? presentedKey(apiKeys, 'ellis') ?? kept;
  if (key === undefined) throw new Refused(`no key: set ELLIS_API_KEY, or DATA_DIR to where ${file} is`);
  return key;
};

const ask = async (url: string, method: string, apiKey: string): Promise<void> => {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const response = await fetch(url, { method, headers: { 'NGV-API-Key': apiKey }, signal }).catch(
    (error: unknown) => {
      throw new Refused(`no Ellis answers at ${url}: ${String((error as Error).cause ?? error)}`);
    },
  );
  if (response.ok) return;
  const [, reason = `${response.status} from ${url}`] =
    /"reason":"([^"]*)"/.exec(await response.text()) ?? [];
  throw new Refused(reason);
};

/** Runs the words of a command line; what was refused is one line, and exit code 1. */
export const runCommands = async (
  common: Config,
  config: EllisConfig,
  words: readonly string[],
): Promise<void> => {
  const host = common.bindAddress.includes(':') ? `[${common.bindAddress}]` : common.bindAddress;
  const program = new Command('ellis')
    .description('Accounts of the Ellis that runs.')
    .option('--url <url>', 'where it runs', `${httpScheme(common)}://${host}:${config.ellisPort}`);
  const operatorAt = (account: string): string =>
    `${program.opts<{ url: string }>().url.replace(/\/$/, '')}/operator/operators/${encodeURIComponent(account)}`;
  program
    .command('make-operator <email>')
    .description('gives an account the role of an operator')
    .action(async (account: string) => {
      await ask(operatorAt(account), 'PUT', apiKeyOf(common, config));
      process.stdout.write(`${account} is an operator\n`);
    });
  program
    .command('take-operator <email>')
    .description('takes the role back')
    .action(async (account: string) => {
      await ask(operatorAt(account), 'DELETE', apiKeyOf(common, config));
      process.stdout.write(`${account} is an operator no longer\n`);
    });
  try {
    await program.parseAsync([...words]);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
};
