// npm run history: composition of the command line with the machine it runs on.
import { existsSync } from 'node:fs';
import { nodeDisk } from '#libs/event-log';
import { createOutput } from './cli/output.js';
import { paintOf, wantsColours } from './cli/paint.js';
import { runHistory } from './cli/program.js';
import { type HistorySource, openHistorySource } from './history-source.js';

// The machine's time by itself: libs/runtime would bring Nest along, half a second at each start.
const nowMs = (): number => Date.now();
const after = (delayMs: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};
const clock = { nowMs, after, monotonicMs: () => performance.now() };

const stop = new AbortController();
/** A follower ends by itself; whatever else is going on is cut off. */
const interrupt = (): void => {
  stop.abort();
  setTimeout(() => process.exit(130), 200).unref();
};
process.once('SIGINT', interrupt).once('SIGTERM', interrupt);

if (existsSync('.env')) process.loadEnvFile('.env');
const { env, stdout, stderr } = process;
const open = async (directory: string, from: 'log' | 'archive'): Promise<HistorySource> => {
  if (from === 'archive') return (await import('./other-sources.js')).openArchiveSource(clock);
  if (env['EVENT_LOG'] === 'kafka') return (await import('./other-sources.js')).openKafkaSource(clock);
  return openHistorySource({ directory, disk: nodeDisk, clock });
};
const ports = {
  open,
  output: createOutput(stdout, () => stop.abort()),
  error: (line: string) => void stderr.write(`${line}\n`),
  nowMs,
  paint: paintOf(wantsColours(stdout.isTTY, env)),
  signal: stop.signal,
  defaultDataDir: env['DATA_DIR'] ?? './data',
};
process.exitCode = await runHistory(ports, process.argv.slice(2));
