// Validation in a thread of its own, started when the first document comes and again after it was lost. One document at a time;
// those that wait are bounded, and who takes too long loses the thread, not the others their turn.
// Port: schema-validator.port.ts.
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Clock } from '#libs/runtime';
import type { SchemaValidator, ToValidate, Validated } from './schema-validator.port.js';

/** Documents that wait; beyond it the answer is that it cannot be told. */
export const VALIDATIONS_WAITING_MAX = 1_000;
/** Longest that one document may take: the first one starts the thread. */
export const VALIDATION_MS_MAX = 5_000;
/** MiB of a semi-space of the thread's heap; the process's own is meant for the thread that serves. */
const WORKER_SEMI_SPACE_MIB = 4;

type Waiting = Readonly<{ task: ToValidate; done: (result: Validated) => void }>;

/** The worker's file has the extension that this one has: .js when built, .ts when Node or jest runs the source. */
const startWorker = (): Worker => {
  setFlagsFromString(`--max-semi-space-size=${WORKER_SEMI_SPACE_MIB}`);
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return new Worker(new URL(`./schema-worker${extension}`, import.meta.url), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
};

class ThreadValidator implements SchemaValidator {
  private worker: Worker | undefined;
  private readonly waiting: Waiting[] = [];
  private current: Waiting | undefined;
  private cancelDeadline: () => void = () => undefined;
  private started = 0;
  private closed = false;

  constructor(private readonly clock: Clock) {}

  validate(task: ToValidate): Promise<Validated> {
    if (this.closed || this.waiting.length >= VALIDATIONS_WAITING_MAX)
      return Promise.resolve({ verdict: 'unknown', reason: 'too many documents wait to be validated' });
    return new Promise((done) => {
      this.waiting.push({ task, done });
      this.next();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.fail('the process ends');
    for (const { done } of this.waiting.splice(0)) done({ verdict: 'unknown', reason: 'the process ends' });
    await this.worker?.terminate();
  }

  private next(): void {
    if (this.current !== undefined) return;
    const next = this.waiting.shift();
    if (next === undefined) return;
    this.current = next;
    this.started += 1;
    const id = this.started;
    const worker = (this.worker ??= this.open());
    this.cancelDeadline = this.clock.after(VALIDATION_MS_MAX, () => this.lose('validation took too long'));
    worker.postMessage({ id, task: next.task });
  }

  private open(): Worker {
    const worker = startWorker();
    worker.unref();
    worker.on('message', ({ id, result }: { id: number; result: Validated }) => {
      if (id !== this.started || this.worker !== worker) return;
      this.finish(result);
    });
    worker.on('error', (error: Error) => {
      if (this.worker === worker) this.lose(error.message);
    });
    return worker;
  }

  private lose(reason: string): void {
    const lost = this.worker;
    this.worker = undefined;
    void lost?.terminate();
    this.fail(reason);
  }

  private fail(reason: string): void {
    if (this.current !== undefined) this.finish({ verdict: 'unknown', reason });
  }

  private finish(result: Validated): void {
    const finished = this.current;
    this.current = undefined;
    this.cancelDeadline();
    finished?.done(result);
    if (!this.closed) this.next();
  }
}

export const createThreadValidator = (clock: Clock): SchemaValidator => new ThreadValidator(clock);
