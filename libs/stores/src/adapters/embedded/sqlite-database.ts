// The main thread's side of the SQLite worker: a bounded queue, batches that share one transaction, restart after a crash.
// One a DATA_DIR. Written and read by sqlite-table-store.ts and sealed-credential-store.ts.
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Clock } from '#libs/runtime';
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { FromWorker, SqlRead, SqlRow, SqlStatement, SqlWrite, ToWorker } from './sqlite-protocol.js';
// Only so that a build that follows imports emits the worker's file.
import type {} from './sqlite-worker.js';

/** Requests that may wait for the worker; more are refused with StoreUnavailable. */
export const SQL_REQUESTS_MAX = 20_000;
/** Requests that go to the worker together: bounds how long one transaction keeps the next waiting. */
const BATCH_REQUESTS_MAX = 1_000;
/** Parameter sets that go together; one request alone may have more. */
const BATCH_SETS_MAX = 5_000;
/** After this long without an answer callers get StoreUnavailable, until the worker speaks again. */
export const SQL_ANSWER_TIMEOUT_MS = 10_000;
/** A worker that could not open the file is started again by a request, at most this often. */
const RESTART_INTERVAL_MS = 250;

export type SqliteOptions = Readonly<{
  file: string;
  clock: Clock;
  requestsMax?: number;
  /** Told of each worker that died, with the reason. */
  onFault?: (reason: string) => void;
  startWorker?: (file: string) => Worker;
}>;

/** `map` runs as the answers arrive, in the order in which the worker did the work: caches stay coherent by it. */
export interface SqliteDatabase {
  read<T>(sql: string, params: SqlRow, map: (rows: readonly SqlRow[]) => T): Promise<T>;
  /** All statements in one transaction, durable when it resolves. */
  write<T>(statements: readonly SqlStatement[], map: (changed: SqlWrite) => T): Promise<T>;
  /** Calls `run` when a worker died: writes under way may or may not have happened. */
  onLost(run: () => void): void;
  /** Finishes what waits and releases the file. */
  close(): Promise<void>;
}

type Waiting = {
  /** Parameter sets, to bound a batch. */
  size: number;
  reject: (error: Error) => void;
} & (
  | { kind: 'read'; statement: SqlStatement; done: (value: SqlRead) => void }
  | { kind: 'write'; statements: readonly SqlStatement[]; done: (value: SqlWrite) => void }
);
type WaitingRead = Extract<Waiting, { kind: 'read' }>;
type WaitingWrite = Extract<Waiting, { kind: 'write' }>;

/** Opens the file, or rejects with StoreUnavailable that says why it cannot. */
export const openSqliteDatabase = async (options: SqliteOptions): Promise<SqliteDatabase> => {
  const connection = new Connection(options);
  await connection.read('SELECT 1', [], () => undefined);
  return connection;
};

/**
 * MiB of a semi-space of a worker's heap. The process's own --max-semi-space-size is meant for the thread that serves, and V8 takes it for
 * every heap that is made after: rows on their way through would take 128 MiB a worker. What was made before keeps its own.
 */
const WORKER_SEMI_SPACE_MIB = 4;

/** The worker's file has the extension that this one has: .js when built, .ts when Node or jest runs the source. */
export const startSqliteWorker = (file: string): Worker => {
  setFlagsFromString(`--max-semi-space-size=${WORKER_SEMI_SPACE_MIB}`);
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return new Worker(new URL(`./sqlite-worker${extension}`, import.meta.url), {
    workerData: { file },
    // node:sqlite announces itself as experimental; the process's own options are not for this thread.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
};

class Connection implements SqliteDatabase {
  #worker: Worker | undefined;
  #opened = false;
  #reads: WaitingRead[] = [];
  #writes: WaitingWrite[] = [];
  #queue: Waiting[] = [];
  #busy = false;
  #flushing = false;
  /** The answer to the batch under way is overdue: fail fast until it comes. */
  #overdue = false;
  #cancelDeadline: () => void = () => undefined;
  #notOpen: { reason: string; atMs: number } | undefined;
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  readonly #lostListeners: (() => void)[] = [];

  constructor(private readonly options: SqliteOptions) {}

  read<T>(sql: string, params: SqlRow, map: (rows: readonly SqlRow[]) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (value: SqlRead) => settle(() => map(value[0] ?? []), resolve, reject);
      this.#submit({ kind: 'read', statement: { sql, sets: [params] }, size: 1, done, reject });
    });
  }

  write<T>(statements: readonly SqlStatement[], map: (changed: SqlWrite) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const size = statements.reduce((sum, { sets }) => sum + sets.length, 0);
      const done = (value: SqlWrite) => settle(() => map(value), resolve, reject);
      this.#submit({ kind: 'write', statements, size, done, reject });
    });
  }

  onLost(run: () => void): void {
    this.#lostListeners.push(run);
  }

  close(): Promise<void> {
    this.#closed ??= this.#drain();
    return this.#closed;
  }

  async #drain(): Promise<void> {
    if (this.#busy || this.#queue.length > 0) {
      await new Promise<void>((resolve) => (this.#onIdle = resolve));
    }
    const worker = this.#worker;
    if (!worker) return;
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      worker.postMessage({ kind: 'close' } satisfies ToWorker);
    });
  }

  #submit(request: Waiting): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      request.reject(this.#unavailable(refusal));
      return;
    }
    this.#queue.push(request);
    if (this.#flushing || this.#busy) return;
    // What is asked for in this turn of the event loop travels together.
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#pump();
    });
  }

  #refusal(): string | undefined {
    if (this.#closed) return 'closed';
    if (this.#overdue) return 'the disk does not answer';
    if (this.#queue.length >= (this.options.requestsMax ?? SQL_REQUESTS_MAX)) return 'too many requests wait';
    return undefined;
  }

  #pump(): void {
    if (this.#busy || this.#queue.length === 0) return;
    if (!this.#worker && !this.#start()) return;
    const batch = this.#takeBatch();
    this.#reads = batch.filter((request) => request.kind === 'read');
    this.#writes = batch.filter((request) => request.kind === 'write');
    this.#busy = true;
    this.#cancelDeadline = this.options.clock.after(SQL_ANSWER_TIMEOUT_MS, () => this.#giveUp());
    const reads = this.#reads.map(({ statement }) => statement);
    const writes = this.#writes.map(({ statements }) => statements);
    this.#worker?.postMessage({ kind: 'batch', batch: { reads, writes } } satisfies ToWorker);
  }

  #takeBatch(): Waiting[] {
    let sets = 0;
    let count = 0;
    for (const { size } of this.#queue) {
      sets += size;
      if (count > 0 && (count >= BATCH_REQUESTS_MAX || sets > BATCH_SETS_MAX)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  /** False when it is too early to try again: all that waits was refused. */
  #start(): boolean {
    const { clock, file, startWorker = startSqliteWorker } = this.options;
    if (this.#notOpen && clock.monotonicMs() - this.#notOpen.atMs < RESTART_INTERVAL_MS) {
      this.#rejectAll(this.#notOpen.reason);
      return false;
    }
    const worker = startWorker(file);
    this.#worker = worker;
    this.#opened = false;
    worker.on('message', (message: FromWorker) => this.#hear(worker, message));
    worker.on('error', (error) => this.#lose(worker, error instanceof Error ? error.message : String(error)));
    worker.on('exit', () => this.#lose(worker, 'its thread ended'));
    return true;
  }

  #hear(worker: Worker, message: FromWorker): void {
    if (worker !== this.#worker) return;
    switch (message.kind) {
      case 'open':
        this.#opened = true;
        this.#notOpen = undefined;
        return;
      case 'not-open':
        this.#lose(worker, message.reason);
        return;
      case 'read':
        this.#reads.forEach(({ done, reject }, at) => {
          const answer = message.answers[at];
          if (answer?.ok) done(answer.value);
          else reject(this.#unavailable(answer?.reason ?? 'no answer'));
        });
        this.#reads = [];
        return;
      case 'written':
        this.#finish(message);
    }
  }

  #finish({ answer }: Extract<FromWorker, { kind: 'written' }>): void {
    this.#writes.forEach(({ done, reject }, at) => {
      if (answer.ok) done(answer.value[at] ?? []);
      else reject(this.#unavailable(answer.reason));
    });
    this.#idle();
    this.#pump();
  }

  /** The worker goes on: should it answer yet, the caches learn of it, but the callers have theirs. */
  #giveUp(): void {
    this.#overdue = true;
    const error = this.#unavailable('the disk does not answer');
    for (const { reject } of [...this.#reads, ...this.#writes, ...this.#queue]) reject(error);
    this.#queue = [];
  }

  #lose(worker: Worker, reason: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    void worker.terminate();
    if (this.#closed && !this.#busy && this.#queue.length === 0) return;
    this.options.onFault?.(reason);
    const error = this.#unavailable(reason);
    for (const { reject } of [...this.#reads, ...this.#writes]) reject(error);
    for (const run of this.#lostListeners) run();
    if (!this.#opened) {
      this.#notOpen = { reason, atMs: this.options.clock.monotonicMs() };
      this.#rejectAll(reason);
    }
    this.#idle();
    this.#pump();
  }

  #idle(): void {
    this.#cancelDeadline();
    this.#reads = [];
    this.#writes = [];
    this.#busy = false;
    this.#overdue = false;
    if (this.#queue.length === 0) this.#onIdle?.();
  }

  #rejectAll(reason: string): void {
    const error = this.#unavailable(reason);
    for (const { reject } of this.#queue.splice(0)) reject(error);
    this.#onIdle?.();
  }

  #unavailable(reason: string): StoreUnavailable {
    return new StoreUnavailable(`${this.options.file}: ${reason}`);
  }
}

const settle = <T>(run: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): void => {
  try {
    resolve(run());
  } catch (error) {
    reject(error);
  }
};
