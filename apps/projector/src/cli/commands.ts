// `npm run projector -- status | rebuild <view> | parked | retry <id>`: asks the projector that runs, over HTTP.
import Table from 'cli-table3';
import { Command } from 'commander';
import { Listr } from 'listr2';
import { httpScheme, type ProcessConfig, systemClock } from '#libs/runtime';
import type { Job } from '../projector.js';
import type { ProjectorConfig } from '../projector.config.js';
import { apiKeyOf, connectProjector, type ProjectorClient, Refused } from './client.js';

const LOOK_MS = 250;
const BAR_CELLS = 30;

const print = (head: string[], rows: readonly (readonly string[])[]): void => {
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  process.stdout.write(`${table.toString()}\n`);
};

/** `folding v1-x-r1 ██████░░░░ 120000 of 300000 (41000/s)` */
export const describeJob = ({ step, done, total, perS }: Job): string => {
  if (total === 0) return step;
  const filled = Math.round(Math.min(1, done / total) * BAR_CELLS);
  return `${step} ${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)} ${done} of ${total} (${perS}/s)`;
};

const status = async (client: ProjectorClient): Promise<void> => {
  const views = await client.views();
  print(
    ['view', 'in', 'behind', 'parked', 'keyspace', 'rebuild'],
    views.map(({ name, store, lag, parkedStreams, parkedEvents, keyspaces, rebuild, failure }) => [
      name,
      store,
      failure ?? String(lag),
      parkedStreams === 0 ? '–' : `${parkedEvents} events of ${parkedStreams} streams`,
      keyspaces?.serving ?? '–',
      rebuild === undefined ? '–' : `${rebuild.state}: ${describeJob(rebuild)}`,
    ]),
  );
};

const rebuild = async (client: ProjectorClient, name: string): Promise<void> => {
  await client.rebuild(name);
  let job: Job | undefined;
  const task = async (_context: unknown, shown: { title: string }): Promise<void> => {
    for (;;) {
      job = (await client.views()).find((view) => view.name === name)?.rebuild;
      if (job === undefined || job.state !== 'running') break;
      shown.title = `${name}: ${describeJob(job)}`;
      await new Promise<void>((resolve) => void systemClock.after(LOOK_MS, resolve));
    }
    if (job?.state === 'failed') throw new Refused(job.step);
  };
  const renderer = process.stdout.isTTY ? 'default' : 'silent';
  await new Listr([{ title: name, task }], { renderer }).run();
  if (job) process.stdout.write(`${name}: ${describeJob(job)}, ${Math.round(job.tookMs / 100) / 10} s\n`);
};

const parked = async (client: ProjectorClient): Promise<void> => {
  const streams = await client.parked();
  if (streams.length === 0) return void process.stdout.write('nothing is parked\n');
  print(
    ['id', 'view', 'stream', 'events', 'since (UTC)', 'why'],
    streams.map(({ id, view, stream, events, sinceMs, reason }) => [
      id,
      view,
      stream,
      String(events),
      new Date(sinceMs).toISOString().slice(0, 19).replace('T', ' '),
      reason,
    ]),
  );
};

const retry = async (client: ProjectorClient, id: string): Promise<void> => {
  const left = await client.retry(id);
  process.stdout.write(
    left === 0 ? 'folded; nothing of it is parked any more\n' : `${left} events are parked still\n`,
  );
  if (left > 0) process.exitCode = 1;
};

/** Runs the words of a command line; what was refused is one line, and exit code 1. */
export const runCommands = async (
  common: ProcessConfig,
  { projectorPort }: ProjectorConfig,
  words: readonly string[],
): Promise<void> => {
  const host = common.bindAddress.includes(':') ? `[${common.bindAddress}]` : common.bindAddress;
  const own = `${httpScheme(common)}://${host}:${projectorPort}`;
  const program = new Command('projector')
    .description('The views that processes share. Without a word it is the process that keeps them.')
    .option('--url <url>', 'the projector that runs', own);
  const client = (): ProjectorClient =>
    connectProjector(program.opts<{ url: string }>().url.replace(/\/$/, ''), apiKeyOf(common));
  program
    .command('status')
    .description('how far each view is')
    .action(() => status(client()));
  program
    .command('rebuild <view>')
    .description('builds it anew beside the one that serves')
    .action((name: string) => rebuild(client(), name));
  program
    .command('parked')
    .description('streams that could not be folded')
    .action(() => parked(client()));
  program
    .command('retry <id>')
    .description('folds a parked stream again')
    .action((id: string) => retry(client(), id));
  try {
    await program.parseAsync([...words]);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
};
