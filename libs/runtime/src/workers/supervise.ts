// Keeps the workers of one program running: the first alone until it is ready, so that what is made at a first start is made once; then
// the others. Who ends is started again, later each time; SIGTERM is passed on, and waited for. Processes are worker-processes.ts.
// Used by main.ts of programs that can be several processes.
import type { ProcessParts } from '../process.js';

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Resolves when it serves. */
  readonly ready: Promise<void>;
  /** Resolves with the exit code, null after a signal. */
  readonly ended: Promise<number | null>;
  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): void;
}

export type SuperviseOptions = Readonly<{
  count: number;
  start: (worker: number) => WorkerProcess;
  /** Ends this process, for a first start that cannot be. */
  exit: (code: number) => void;
}> &
  Pick<ProcessParts, 'clock' | 'logger' | 'health' | 'metrics' | 'shutdown'>;

/** What a worker waits before it is started again: doubled each time, from the first to the last of these. */
export const RESTART_MS_MIN = 250;
export const RESTART_MS_MAX = 10_000;
/** Who has lived so long begins anew. */
export const STABLE_MS = 60_000;

export interface Supervisor {
  /** To all: read files again. */
  hangUp(): void;
}

class Keeper {
  #process: WorkerProcess | undefined;
  #waitMs = RESTART_MS_MIN;
  #cancelStart: (() => void) | undefined;
  restarts = 0;
  isReady = false;

  constructor(
    private readonly worker: number,
    private readonly options: SuperviseOptions,
    /** Told of an end; false: it is not started again. */
    private readonly ended: (keeper: Keeper, code: number | null) => boolean,
    private readonly became: () => void,
  ) {}

  start(): void {
    const { clock, logger, start } = this.options;
    const { worker } = this;
    this.#cancelStart = undefined;
    const process = start(worker);
    const startMs = clock.monotonicMs();
    this.#process = process;
    void process.ready.then(() => {
      if (this.#process !== process) return;
      this.isReady = true;
      logger.info({ worker, workerPid: process.pid }, 'worker ready');
      this.became();
    });
    void process.ended.then((code) => {
      this.#process = undefined;
      this.isReady = false;
      if (!this.ended(this, code)) return;
      if (clock.monotonicMs() - startMs >= STABLE_MS) this.#waitMs = RESTART_MS_MIN;
      logger.error({ worker, code, againMs: this.#waitMs }, 'worker ended, it is started again');
      this.#cancelStart = clock.after(this.#waitMs, () => {
        this.restarts += 1;
        this.start();
      });
      this.#waitMs = Math.min(2 * this.#waitMs, RESTART_MS_MAX);
    });
  }

  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): void {
    if (name !== 'SIGHUP') this.#cancelStart?.();
    this.#process?.signal(name);
  }

  /** Resolves when it has ended; at once where it does not run. */
  async over(): Promise<void> {
    await this.#process?.ended;
  }
}

/** Starts the workers, and returns at once: health tells when all are ready. */
export const superviseWorkers = (options: SuperviseOptions): Supervisor => {
  const { count, health, metrics, shutdown, exit, logger } = options;
  let [isStopping, wasReady] = [false, false];
  const parts = Array.from({ length: count }, (_, worker) => health.part(`worker-${worker}`));
  const keepers = parts.map(
    (part, worker) =>
      new Keeper(
        worker,
        options,
        (_keeper, code) => {
          part.notReady('ended');
          if (isStopping) return false;
          if (wasReady) return true;
          // Nobody has ever been ready: it has said why, and the next one would say the same.
          logger.error({ worker, code }, 'the first worker ended at its start');
          exit(code === null || code === 0 ? 1 : code);
          return false;
        },
        () => {
          part.ready();
          if (wasReady) return;
          wasReady = true;
          for (const other of keepers.slice(1)) other.start();
        },
      ),
  );
  metrics.gauge(
    'workers_ready',
    'Workers of this program that serve',
    () => keepers.filter(({ isReady }) => isReady).length,
  );
  metrics.gauge('workers_restarted', 'Starts of workers that had ended, since this process began', () =>
    keepers.reduce((sum, { restarts }) => sum + restarts, 0),
  );
  const over = async (): Promise<void> => void (await Promise.all(keepers.map((keeper) => keeper.over())));
  shutdown.on('refuse', 'workers', () => {
    isStopping = true;
    for (const keeper of keepers) keeper.signal('SIGTERM');
  });
  // Two phases, as it takes them longer than one: their log is flushed in the second.
  shutdown.on('finish', 'workers', over);
  shutdown.on('flush', 'workers', over);
  shutdown.on('close', 'workers', async () => {
    for (const keeper of keepers) keeper.signal('SIGKILL');
    await over();
  });
  keepers[0]?.start();
  return { hangUp: () => keepers.forEach((keeper) => keeper.signal('SIGHUP')) };
};
