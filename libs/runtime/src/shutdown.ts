// The end of a process: on SIGTERM or SIGINT take no new work, finish what runs, flush the log, close, exit 0 within 10 s.
// A second signal exits at once. An exception that nobody caught is logged and ends the process: its state may be wrong.
// Steps are registered by the parts in main.ts; health.ts shows "draining" from the first moment.
import type { Clock } from './clock.port.js';
import type { Health } from './health.js';
import type { Logger } from './logger.js';

/** In this order; steps of one phase run together. */
export const DRAIN_PHASES = ['refuse', 'finish', 'flush', 'close'] as const;
export type DrainPhase = (typeof DRAIN_PHASES)[number];

/** Bounds of the phases, milliseconds; 9.5 s together, so that the exit is within 10 s. */
export const DRAIN_MS_MAX: Readonly<Record<DrainPhase, number>> = {
  refuse: 500,
  finish: 5_000,
  flush: 3_000,
  close: 1_000,
};

export interface Shutdown {
  /** `refuse`: stop taking work; `finish`: wait for transactions; `flush`: make the log durable; `close`: release. */
  on(phase: DrainPhase, name: string, run: () => void | Promise<void>): void;
  /** Starts draining as a signal would; resolves with the exit code when done. */
  drain(reason: string): Promise<number>;
  /** Listens for signals and uncaught exceptions of this process. */
  install(): void;
}

export type ShutdownOptions = Readonly<{
  clock: Clock;
  health: Health;
  logger: Logger;
  /** process.exit, but for tests. */
  exit?: (code: number) => void;
}>;

type Step = Readonly<{ name: string; run: () => void | Promise<void> }>;
type Outcome = 'done' | 'failed' | 'late';

/** Runs one step, for as long as its phase may take. */
const runStep = async (
  { clock, logger }: ShutdownOptions,
  phase: DrainPhase,
  { name, run }: Step,
): Promise<Outcome> => {
  let cancel = (): void => undefined;
  const late = new Promise<'late'>((resolve) => {
    cancel = clock.after(DRAIN_MS_MAX[phase], () => resolve('late'));
  });
  const done = (async () => run())().then(
    () => 'done' as const,
    (error: unknown) => {
      logger.error({ err: error, phase, step: name }, 'shutdown step failed');
      return 'failed' as const;
    },
  );
  const outcome = await Promise.race([done, late]);
  cancel();
  if (outcome === 'late')
    logger.warn({ phase, step: name, afterMs: DRAIN_MS_MAX[phase] }, 'shutdown goes on without it');
  return outcome;
};

export const createShutdown = (options: ShutdownOptions): Shutdown => {
  const { clock, health, logger, exit = (code) => process.exit(code) } = options;
  const steps: Record<DrainPhase, Step[]> = { refuse: [], finish: [], flush: [], close: [] };
  let draining: Promise<number> | undefined;

  const run = async (reason: string): Promise<number> => {
    const startedMs = clock.monotonicMs();
    health.drain();
    logger.info({ reason }, 'draining');
    let code = 0;
    for (const phase of DRAIN_PHASES) {
      const outcomes = await Promise.all(steps[phase].map((step) => runStep(options, phase, step)));
      // Calls that still ring after the bound are ordinary; a log that could not be flushed is not.
      const bad = outcomes.some(
        (outcome) => outcome === 'failed' || (outcome === 'late' && phase === 'flush'),
      );
      if (bad) code = 1;
    }
    logger.info({ code, tookMs: Math.round(clock.monotonicMs() - startedMs) }, 'stopped');
    return code;
  };

  const drain = (reason: string): Promise<number> => (draining ??= run(reason));

  const onSignal = (signal: NodeJS.Signals): void => {
    if (draining) {
      logger.warn({ signal }, 'second signal: exit at once');
      exit(1);
      return;
    }
    void drain(signal).then(exit);
  };

  const onDefect = (kind: string) => (error: unknown) => {
    logger.fatal({ err: error }, kind);
    exit(1);
  };

  return {
    on: (phase, name, step) => void steps[phase].push({ name, run: step }),
    drain,
    install() {
      process.on('SIGTERM', onSignal);
      process.on('SIGINT', onSignal);
      process.on('uncaughtException', onDefect('uncaught exception'));
      process.on('unhandledRejection', onDefect('unhandled rejection'));
    },
  };
};
