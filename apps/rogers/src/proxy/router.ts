// Requests of all clients by key: changes of one key go one after another, and whatever comes behind a change waits for it, so that a client
// that sends several at once gets what it would get one by one. Used by the sessions.
import type { Change, Failure, Item } from '#libs/memcached-protocol';
import { vbucketOfKey } from '../placement.js';
import { changeKey, type Wanted } from './change.js';
import type { OperationPorts } from './operation.port.js';
import { readKey } from './read.js';

/** Under way in this process; beyond it a request is refused at once. */
export const OPERATIONS_MAX = 20_000;
const BUSY: Failure = { failure: 'busy' };

export type RouterOptions = OperationPorts &
  Readonly<{
    /** How long a request may wait for servers and views. */
    patienceMs: number;
  }>;

type Task = Readonly<{ isChange: boolean; run: () => void }>;

export class Router {
  /** Keys that are being changed, with who waits for them. */
  readonly #busy = new Map<string, Task[]>();
  #pending = 0;

  constructor(private readonly options: RouterOptions) {}

  get pending(): number {
    return this.#pending;
  }

  get(key: string, done: (found: Item | undefined | Failure) => void): void {
    const { count } = this.options;
    count.gets.n += 1;
    if (this.#pending >= OPERATIONS_MAX) return done(BUSY);
    this.#pending += 1;
    const deadlineMs = this.#deadlineMs();
    const run = (): void =>
      readKey(this.options, key, vbucketOfKey(key), deadlineMs, (found) => {
        this.#pending -= 1;
        if (found !== undefined && 'failure' in found) count.failures.n += 1;
        done(found);
      });
    const waiting = this.#busy.get(key);
    if (waiting === undefined) run();
    else waiting.push({ isChange: false, run });
  }

  change(wanted: Wanted, done: (outcome: Change | Failure) => void): void {
    const { count } = this.options;
    count.changes.n += 1;
    if (this.#pending >= OPERATIONS_MAX) return done(BUSY);
    this.#pending += 1;
    const { key } = wanted;
    const deadlineMs = this.#deadlineMs();
    const run = (): void =>
      changeKey(this.options, wanted, vbucketOfKey(key), deadlineMs, (outcome) => {
        this.#pending -= 1;
        if ('failure' in outcome) count.failures.n += 1;
        this.#next(key);
        done(outcome);
      });
    const waiting = this.#busy.get(key);
    if (waiting !== undefined) return void waiting.push({ isChange: true, run });
    this.#busy.set(key, []);
    run();
  }

  /** What waited behind a change: all reads up to the next one, which are sent to the servers before it is. */
  #next(key: string): void {
    const waiting = this.#busy.get(key) ?? [];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      next.run();
      if (next.isChange) return;
    }
    this.#busy.delete(key);
  }

  #deadlineMs(): number {
    return this.options.clock.monotonicMs() + this.options.patienceMs;
  }
}
