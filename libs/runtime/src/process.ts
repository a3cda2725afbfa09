// What every main.ts does around its app: clock, randomness, log, metrics, management port, signals, and one line for a
// start that cannot be (a port taken, a bad variable). Used by apps/*/src/main.ts.
import { hostname } from 'node:os';
import type { Clock, Random } from './clock.port.js';
import { ConfigError, EXIT_CONFIG } from './config.js';
import { createDrain, type Drain } from './drain/drain.js';
import { createHealth, type Health } from './health.js';
import { createLogger, type Logger } from './logger.js';
import { startManagement } from './management.js';
import { giveBackAtRest, ownMemory } from './memory-at-rest.js';
import { createMetrics, type Metrics } from './metrics.js';
import type { ProcessConfig } from './process.config.js';
import { createShutdown, type Shutdown } from './shutdown.js';
import { systemClock } from './system-clock.js';
import { systemRandom } from './system-random.js';
import { openHttpIdentity, readHttpCa } from './tls/http-identity.js';
import type { TlsIdentity } from './tls/tls-identity.js';
import { openTraces } from './traces/otlp-traces.js';
import type { Traces } from './traces/traces.port.js';
import { createPeerCheck } from './trusted-peers.js';

export type ProcessParts = Readonly<{
  clock: Clock;
  random: Random;
  logger: Logger;
  metrics: Metrics;
  health: Health;
  shutdown: Shutdown;
  /** Of additions to events (`<category>.<type>`): may they be written by now? Absent: yes. */
  mayWrite?: ((type: string, version: number) => boolean) | undefined;
  /** Takes it out of work, and back; absent where nobody can ask for that. */
  drain?: Drain | undefined;
  /** Who its HTTP servers are; absent: they speak plain HTTP. */
  httpTls?: TlsIdentity;
  /** PEM of those who vouch for the HTTP servers that it asks; absent: the public ones. */
  httpCa?: string;
  /** Where calls are traced. */
  traces?: Traces;
}>;

const openOwnTraces = async (
  { otlpEndpoint: endpoint, tracesShare: share, managementPort }: ProcessConfig,
  { metrics, logger, shutdown }: Pick<ProcessParts, 'metrics' | 'logger' | 'shutdown'>,
): Promise<Pick<ProcessParts, 'traces'>> => {
  if (endpoint === '') return {};
  const instance = `${hostname()}:${managementPort}`;
  const opened = await openTraces({ endpoint, share, instance, metrics, logger });
  shutdown.on('close', 'traces', () => opened.close());
  return { traces: opened.traces };
};

/** TLS of the process' HTTP; looked after until it ends. */
const openHttpTls = async (
  config: ProcessConfig,
  { logger, shutdown }: Pick<ProcessParts, 'logger' | 'shutdown'>,
): Promise<Pick<ProcessParts, 'httpTls' | 'httpCa'>> => {
  const httpCa = readHttpCa(config);
  const files = await openHttpIdentity(config, systemClock, logger);
  if (files !== undefined) shutdown.on('close', 'certificate of HTTP', () => files.close());
  return {
    ...(files === undefined ? {} : { httpTls: files.identity }),
    ...(httpCa === undefined ? {} : { httpCa }),
  };
};

/** A fault whose message tells an operator all there is to know: shown as one line, without a stack. */
export class StartRefused extends Error {}

/** What the operating system refuses for reasons that an operator can see in its words: ports, folders, files. */
const SYSTEM_FAULTS: ReadonlySet<unknown> = new Set([
  'EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EROFS', 'ENOSPC', 'EMFILE',
]); // prettier-ignore

const isSystemFault = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && SYSTEM_FAULTS.has(error.code);

/** The one line for a start that was refused; undefined for a defect, which keeps its stack. */
const refusalOf = (error: unknown, dataDir: string): string | undefined => {
  if (error instanceof ConfigError || error instanceof StartRefused) return error.message;
  if (!isSystemFault(error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC'
    ? `cannot start: no space is left for DATA_DIR=${dataDir}; make some and start again, nothing is lost`
    : `cannot start: ${error.message}`;
};

/** Runs `start` with the parts of a process; the management port listens before, and shows 503 until all is ready. */
export const startProcess = async (
  name: string,
  config: ProcessConfig,
  start: (parts: ProcessParts) => Promise<void>,
): Promise<void> => {
  const { logLevel, bindAddress: host, managementPort: port, trustedPeers, dataDir, drainMaxS } = config;
  // A disk full of output, or a reader that has gone, must not end who serves.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
  const logger = createLogger({ name, level: logLevel });
  const health = createHealth();
  const metrics = createMetrics({ app: name });
  const shutdown = createShutdown({ clock: systemClock, health, logger });
  const drain = createDrain({ clock: systemClock, health, logger, boundMs: drainMaxS * 1_000 });
  shutdown.install();
  shutdown.on('close', 'memory', giveBackAtRest(ownMemory(systemClock)));
  try {
    const peers = createPeerCheck(trustedPeers);
    const management = await startManagement({ host, port, health, metrics, peers });
    shutdown.on('close', 'management', () => management.close());
    const tls = await openHttpTls(config, { logger, shutdown });
    const traced = await openOwnTraces(config, { metrics, logger, shutdown });
    const parts = { clock: systemClock, random: systemRandom, logger, metrics, health, shutdown, drain };
    await start({ ...parts, ...tls, ...traced });
  } catch (error) {
    const refusal = refusalOf(error, dataDir);
    if (refusal === undefined) throw error;
    process.stderr.write(`${refusal}\n`);
    process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1);
  }
};
